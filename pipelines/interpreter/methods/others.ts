import type { Instance } from "../classes.ts";
import type { Runtime } from "../runtime.ts";
import { exception, notPermitted } from "../thrown.ts";
import { simpleName, superclassOf } from "../types.ts";
import {
  type BytesValue,
  CharValue,
  ClassRef,
  type ExceptionValue,
  type GStringValue,
  type IteratorValue,
  ListValue,
  type Value,
} from "../values.ts";
import { intOf } from "./arguments.ts";
import { type Method, type MethodTable, table } from "./table.ts";

/** The methods of booleans. */
export const booleanMethods: MethodTable<boolean> = table<boolean>({
  booleanValue: (self) => self,
  and: (self, [other = null], run) => self && run.isTrue(other),
  or: (self, [other = null], run) => self || run.isTrue(other),
  xor: (self, [other = null], run) => self !== run.isTrue(other),
  implies: (self, [other = null], run) => !self || run.isTrue(other),
  toBoolean: (self) => self,
  compareTo: (self, [other = null]) => Number(self) - Number(other === true),
});

const charTest =
  (pattern: RegExp): Method<CharValue> =>
  (self) =>
    pattern.test(self.text);

/** The methods of characters. */
export const charMethods: MethodTable<CharValue> = table<CharValue>({
  charValue: (self) => self,
  toUpperCase: (self) => new CharValue(self.text.toUpperCase().charCodeAt(0)),
  toLowerCase: (self) => new CharValue(self.text.toLowerCase().charCodeAt(0)),
  isDigit: charTest(/^\p{Nd}$/u),
  isLetter: charTest(/^\p{L}$/u),
  isLetterOrDigit: charTest(/^[\p{L}\p{Nd}]$/u),
  isUpperCase: charTest(/^\p{Lu}$/u),
  isLowerCase: charTest(/^\p{Ll}$/u),
  isWhitespace: charTest(/^\s$/),
  next: (self) => new CharValue(self.code + 1),
  previous: (self) => new CharValue(self.code - 1),
  compareTo: (self, [other = null], run) => run.compare(self, other),
});

/** The methods of byte arrays. */
export const bytesMethods: MethodTable<BytesValue> = table<BytesValue>({
  size: (self) => self.bytes.length,
  getLength: (self) => self.bytes.length,
  getAt: (self, [index]) => {
    const byte = self.bytes[intOf(index) ?? -1];
    if (byte === undefined)
      throw exception(
        "java.lang.ArrayIndexOutOfBoundsException",
        `Index ${intOf(index)} out of bounds for length ${self.bytes.length}`,
      );
    return (byte << 24) >> 24;
  },
  encodeBase64: (self) => Buffer.from(self.bytes).toString("base64"),
  encodeBase64Url: (self) => Buffer.from(self.bytes).toString("base64url"),
  encodeHex: (self) => Buffer.from(self.bytes).toString("hex"),
  digest: (self, [algorithm = null], run) =>
    run.callMethod(new ClassRef("java.security.MessageDigest"), "hexOf", [algorithm, self]),
  md5: (self, _, run) => run.callMethod(self, "digest", ["MD5"]),
  sha256: (self, _, run) => run.callMethod(self, "digest", ["SHA-256"]),
});

/** The methods of exceptions. */
export const exceptionMethods: MethodTable<ExceptionValue> = table<ExceptionValue>({
  getMessage: (self) => self.message,
  getLocalizedMessage: (self) => self.message,
  getCause: (self) => self.cause,
  initCause: (self, [cause = null]) => {
    self.cause = cause;
    return self;
  },
  getStackTrace: () => new ListValue([], "java.lang.StackTraceElement[]"),
  setStackTrace: () => null,
  fillInStackTrace: (self) => self,
  printStackTrace: (self, _, run) => {
    run.host.print(`${run.text(self)}\n`, run.site);
    return null;
  },
  addSuppressed: (self, [other = null]) => {
    self.suppressed.push(other);
    return null;
  },
  getSuppressed: (self) => new ListValue(self.suppressed, "java.lang.Throwable[]"),
});

/** The methods of iterators. */
export const iteratorMethods: MethodTable<IteratorValue> = table<IteratorValue>({
  hasNext: (self) => self.next < self.items.length,
  next: (self) => {
    const item = self.items[self.next];
    if (item === undefined) throw exception("java.util.NoSuchElementException", null);
    self.next += 1;
    return item;
  },
  hasPrevious: (self) => self.next > 0,
  previous: (self) => {
    self.next -= 1;
    return self.items[self.next] ?? null;
  },
  remove: (self) => {
    self.removeItem?.(self.items[self.next - 1] ?? null);
    return null;
  },
  iterator: (self) => self,
});

/** The methods of GStrings that are not those of their text. */
export const gstringMethods: MethodTable<GStringValue> = table<GStringValue>({
  getValues: (self) => new ListValue([...self.values], "java.lang.Object[]"),
  getStrings: (self) => new ListValue([...self.strings], "java.lang.String[]"),
  getValueCount: (self) => self.values.length,
  getValue: (self, [index]) => self.values[intOf(index) ?? 0] ?? null,
});

const refused =
  (what: string): Method<ClassRef> =>
  () => {
    throw notPermitted(`method java.lang.Class ${what}`, "there is no Java reflection");
  };

/** The methods of classes as values. */
export const classMethods: MethodTable<ClassRef> = table<ClassRef>({
  getName: (self) => self.name,
  getTypeName: (self) => self.name,
  getCanonicalName: (self) => self.name.replaceAll("$", "."),
  getSimpleName: (self) => simpleName(self.name),
  isInstance: (self, [value = null], run) => run.isInstance(value, self.name),
  isCase: (self, [value = null], run) => run.isInstance(value, self.name),
  cast: (self, [value = null], run) => run.cast(value, self.name),
  isAssignableFrom: (self, [other = null], run) =>
    other instanceof ClassRef && assignable(run, other.name, self.name),
  isInterface: (self, _, run) => run.classes.get(self.name)?.form === "interface",
  isEnum: (self, _, run) => run.classes.get(self.name)?.form === "enum",
  isArray: (self) => self.name.endsWith("[]"),
  getSuperclass: (self, _, run) => {
    const definition = run.classes.get(self.name);
    const above =
      definition === undefined
        ? superclassOf(self.name)
        : (definition.superclass?.name ?? definition.superName);
    return above === undefined ? null : new ClassRef(above);
  },
  getPackage: () => null,
  getEnumConstants: (self, _, run) => run.callMethod(self, "values", []),
  getDeclaredConstructor: refused("getDeclaredConstructor"),
  getConstructors: refused("getConstructors"),
  getConstructor: refused("getConstructor"),
  getDeclaredConstructors: refused("getDeclaredConstructors"),
  getMethod: refused("getMethod"),
  getDeclaredMethod: refused("getDeclaredMethod"),
  getField: refused("getField"),
  getDeclaredField: refused("getDeclaredField"),
  getFields: refused("getFields"),
  getResource: refused("getResource"),
  getResourceAsStream: refused("getResourceAsStream"),
  getProtectionDomain: refused("getProtectionDomain"),
  getModule: refused("getModule"),
});

function assignable(run: Runtime, name: string, ancestor: string): boolean {
  if (name === ancestor || ancestor === "java.lang.Object") return true;
  const definition = run.classes.get(name);
  const above =
    definition === undefined ? superclassOf(name) : (definition.superclass?.name ?? definition.superName);
  const interfaces = definition?.interfaces ?? [];
  return [above, ...interfaces].some(
    (each) => each !== undefined && each !== name && assignable(run, each, ancestor),
  );
}

/** What instances of the script's own classes can do besides: those of enums and of exceptions. */
export const instanceMethods: MethodTable<Instance> = table<Instance>({
  name: (self) => self.constant?.name,
  ordinal: (self) => self.constant?.ordinal,
  getDeclaringClass: (self) => (self.constant === null ? undefined : self.definition.ref),
  next: (self, _, run) => neighbour(run, self, 1),
  previous: (self, _, run) => neighbour(run, self, -1),
});

function neighbour(run: Runtime, self: Instance, by: number): Value | undefined {
  if (self.constant === null) return undefined;
  const owner = self.definition.constants.length > 0 ? self.definition : self.definition.superclass;
  const all = owner?.constants ?? [];
  run.meter.tick();
  return all[(self.constant.ordinal + by + all.length) % all.length] ?? null;
}
