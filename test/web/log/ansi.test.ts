import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PLAIN, plainText, readLine, type Span } from "../../../web/src/log/ansi.ts";

const ESC = "\u001b";

function spans(line: string): readonly Span[] {
  return readLine(line, PLAIN).spans;
}

function words(line: string): string[] {
  return spans(line).map((span) => span.text);
}

describe("a line of a log", () => {
  it("is split where its colours change", () => {
    const [plain, red, rest] = spans(`a ${ESC}[31mb${ESC}[0m c`);
    assert.deepEqual(plain, { text: "a ", style: {}, href: undefined });
    assert.deepEqual(red?.style.ink, { kind: "named", name: "red" });
    assert.deepEqual(rest, { text: " c", style: {}, href: undefined });
  });

  it("carries its style into the next line", () => {
    const first = readLine(`${ESC}[1;32mbegun`, PLAIN);
    const second = readLine(`goes on${ESC}[0m`, first.end);
    assert.deepEqual(second.spans[0]?.style, { bold: true, ink: { kind: "named", name: "green" } });
    assert.deepEqual(second.end, {});
  });

  it("knows bright, indexed and exact colours, with semicolons and with colons", () => {
    assert.deepEqual(spans(`${ESC}[92mx`)[0]?.style.ink, { kind: "named", name: "bright-green" });
    assert.deepEqual(spans(`${ESC}[38;5;9mx`)[0]?.style.ink, { kind: "named", name: "bright-red" });
    assert.deepEqual(spans(`${ESC}[38;5;196mx`)[0]?.style.ink, {
      kind: "exact",
      red: 255,
      green: 0,
      blue: 0,
    });
    const exact = { kind: "exact", red: 1, green: 2, blue: 3 };
    assert.deepEqual(spans(`${ESC}[38;2;1;2;3mx`)[0]?.style.ink, exact);
    assert.deepEqual(spans(`${ESC}[38:2::1:2:3mx`)[0]?.style.ink, exact);
    assert.deepEqual(spans(`${ESC}[48;2;1;2;3;1mx`)[0]?.style, { ground: exact, bold: true });
  });

  it("shows only the last state of a progress bar", () => {
    assert.deepEqual(words("10 %\r50 %\r100 %"), ["100 %"]);
    assert.deepEqual(words("done\r"), ["done"]);
    assert.deepEqual(words(`waiting${ESC}[2Kready`), ["ready"]);
  });

  it("takes back what a backspace takes back", () => {
    assert.deepEqual(words("abc\b\bX"), ["aX"]);
  });

  it("drops every other control sequence, also one that is cut off", () => {
    assert.equal(plainText(`a${ESC}[2Jb${ESC}]0;title\u0007c${ESC}(Bd${ESC}[12`), "abcd");
    assert.equal(plainText(`a\u0001\u009bb`), "ab");
  });

  it("shows what turns the direction of reading instead of obeying it", () => {
    assert.equal(plainText("a\u202eb"), "a[U+202E]b");
  });

  it("makes links of what a program declares as one, for web pages only", () => {
    const link = spans(`${ESC}]8;;https://example.com/a${ESC}\\here${ESC}]8;;${ESC}\\ end`);
    assert.equal(link[0]?.href, "https://example.com/a");
    assert.equal(link[1]?.href, undefined);
    assert.equal(spans(`${ESC}]8;;javascript:alert(1)\u0007x${ESC}]8;;\u0007`)[0]?.href, undefined);
  });

  it("never throws and never lets an escape through, wherever it is cut", () => {
    const line = `a${ESC}[1;31mb${ESC}]8;;http://x/\u0007c${ESC}[0m\rd\b`;
    for (let end = 0; end <= line.length; end += 1) {
      assert.ok(!plainText(line.slice(0, end)).includes(ESC), `cut at ${end}`);
    }
  });
});
