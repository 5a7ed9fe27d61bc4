import type { CharTest } from "./tree.ts";

export const isDigit: CharTest = (c) => c >= 48 && c <= 57;
export const isWord: CharTest = (c) =>
  isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
export const isSpace: CharTest = (c) => c === 32 || (c >= 9 && c <= 13);
export const isHorizontalSpace: CharTest = (c) =>
  c === 32 ||
  c === 9 ||
  c === 0xa0 ||
  c === 0x1680 ||
  c === 0x180e ||
  (c >= 0x2000 && c <= 0x200a) ||
  c === 0x202f ||
  c === 0x205f ||
  c === 0x3000;
export const isVerticalSpace: CharTest = (c) =>
  (c >= 10 && c <= 13) || c === 0x85 || c === 0x2028 || c === 0x2029;

/** What `.` does not match. */
export const isLineEnd: CharTest = (c) => c === 10 || c === 13 || c === 0x85 || c === 0x2028 || c === 0x2029;

const isLower: CharTest = (c) => c >= 97 && c <= 122;
const isUpper: CharTest = (c) => c >= 65 && c <= 90;
const isAlpha: CharTest = (c) => isLower(c) || isUpper(c);
const isAlnum: CharTest = (c) => isAlpha(c) || isDigit(c);
const isPunct: CharTest = (c) => c >= 33 && c <= 126 && !isAlnum(c);

const POSIX = new Map<string, CharTest>([
  ["Lower", isLower],
  ["Upper", isUpper],
  ["ASCII", (c) => c < 128],
  ["Alpha", isAlpha],
  ["Digit", isDigit],
  ["Alnum", isAlnum],
  ["Punct", isPunct],
  ["Graph", (c) => c > 32 && c < 127],
  ["Print", (c) => c >= 32 && c < 127],
  ["Blank", (c) => c === 32 || c === 9],
  ["Cntrl", (c) => c < 32 || c === 127],
  ["XDigit", (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102)],
  ["Space", isSpace],
  ["javaLowerCase", unicode("Ll")],
  ["javaUpperCase", unicode("Lu")],
  ["javaLetter", unicode("L")],
  ["javaLetterOrDigit", either(unicode("L"), unicode("Nd"))],
  ["javaDigit", unicode("Nd")],
  ["javaWhitespace", (c) => isSpace(c) || isHorizontalSpace(c)],
]);

/** One character at a time through a Unicode property: nothing here can backtrack. */
function unicode(property: string): CharTest {
  const regex = new RegExp(`^\\p{${property}}$`, "u");
  return (c) => regex.test(String.fromCodePoint(c));
}

function either(a: CharTest, b: CharTest): CharTest {
  return (c) => a(c) || b(c);
}

const properties = new Map<string, CharTest>();

/** The class behind `\p{name}`; `undefined` for a name that nobody knows. */
export function propertyClass(name: string): CharTest | undefined {
  const posix = POSIX.get(name);
  if (posix !== undefined) return posix;
  const known = properties.get(name);
  if (known !== undefined) return known;
  const plain = name.replace(/^(Is|In|general_category=|gc=)/, "").replace(/^(script|sc)=/, "Script=");
  for (const candidate of [plain, `Script=${plain}`]) {
    try {
      const test = unicode(candidate);
      properties.set(name, test);
      return test;
    } catch {
      continue; // not a name of that kind
    }
  }
  return undefined;
}

/** The class with upper and lower case taken as one. */
export function ignoringCase(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const text = String.fromCodePoint(c);
    const lower = text.toLowerCase().codePointAt(0) ?? c;
    const upper = text.toUpperCase().codePointAt(0) ?? c;
    return test(lower) || test(upper);
  };
}
