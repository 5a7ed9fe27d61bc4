import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { lex } from "../../../pipelines/syntax/lexer.ts";

function kinds(text: string): string[] {
  return lex(text)
    .tokens.slice(0, -1)
    .map((token) => `${token.kind} ${token.value ?? token.text}`);
}

function problems(text: string): string[] {
  return lex(text).diagnostics.map((d) => `${d.span.line}:${d.span.column} ${d.message}`);
}

describe("the lexer", () => {
  it("gives each token a span that cuts its text out of the source, lines and columns included", () => {
    const text =
      "#!/usr/bin/env groovy\r\ndef 变量 = \"a ${b + 1} $c.d\" /* x\n*/ + '''y\r\nz''' // end\n\tfoo /re/, $/x/$\n";
    const lines = text.split(/\r\n|\n/);
    for (const token of lex(text).tokens) {
      assert.equal(text.slice(token.span.start, token.span.end), token.text);
      if (token.kind === "newline") continue;
      const line = lines[token.span.line - 1] ?? "";
      assert.ok(line.slice(token.span.column - 1).startsWith(token.text.split(/\r?\n/)[0] ?? ""), token.text);
    }
  });

  it("resolves the escapes of quoted strings", () => {
    assert.deepEqual(kinds(String.raw`'a\tb\u0041\101\'\\\$'`), ["string a\tbAA'\\$"]);
    assert.deepEqual(kinds("'a\\\nb'"), ["string ab"]);
    assert.deepEqual(kinds("'''a\r\nb'''"), ["string a\nb"]);
  });

  it("resolves \\uXXXX in names and signs, with the places as they are written", () => {
    const text = String.raw`def \u0061b\uu0063 = 1\u003b \u5909 = '\u0041\\u0041' + \u0022x\u0022 // \u12`;
    assert.deepEqual(kinds(text), [
      "keyword def",
      "identifier abc",
      "operator =",
      "integer 1",
      "operator ;",
      "identifier 変".replace("変", "\u5909"),
      "operator =",
      String.raw`string A\u0041`,
      "operator +",
      "string x",
    ]);
    assert.deepEqual(problems(text), []);
    const name = lex(text).tokens[1];
    assert.equal(text.slice(name?.span.start, name?.span.end), String.raw`\u0061b\uu0063`);
    assert.equal(name?.span.column, 5);
    assert.equal(lex(text).tokens[2]?.span.column, 5 + String.raw`\u0061b\uu0063 `.length);
  });

  it("says where a \\u lacks its digits, in strings too", () => {
    const said = "Did not find four digit hex character code.";
    assert.deepEqual(problems(String.raw`x = \u12`), [`1:5 ${said}`]);
    assert.deepEqual(problems(String.raw`'C:\users'`), [`1:4 ${said}`]);
    assert.deepEqual(problems(String.raw`/\users/`), [`1:2 ${said}`]);
    assert.deepEqual(kinds(String.raw`/\\users\\u0041/`), [String.raw`string \\users\\u0041`]);
    assert.deepEqual(kinds(String.raw`'C:\\users'`), [String.raw`string C:\users`]);
  });

  it("keeps the backslashes of slashy strings but before a slash", () => {
    assert.deepEqual(kinds(String.raw`/a\/b\d/`), [String.raw`string a/b\d`]);
    assert.deepEqual(kinds("$/a$$b$/c\\d/$"), ["string a$b/c\\d"]);
  });

  it("takes a slash for a division after a value, and for a string after anything else", () => {
    assert.deepEqual(kinds("a / b / c"), [
      "identifier a",
      "operator /",
      "identifier b",
      "operator /",
      "identifier c",
    ]);
    assert.deepEqual(kinds("x = /b/"), ["identifier x", "operator =", "string b"]);
    assert.deepEqual(kinds("f(/b/)")[2], "string b");
    assert.deepEqual(kinds("return /b/")[1], "operator /");
  });

  it("cuts a string with values into its parts and goes in again for strings inside", () => {
    assert.deepEqual(kinds('"a${b ? "c$d" : 1}e"'), [
      "gstringStart a",
      "operator {",
      "identifier b",
      "operator ?",
      "gstringStart c",
      "identifier d",
      "gstringEnd ",
      "operator :",
      "integer 1",
      "operator }",
      "gstringEnd e",
    ]);
    assert.deepEqual(kinds('"$a.b.c()."').slice(-1), ["gstringEnd ()."]);
  });

  it("drops newlines inside round and square brackets, and keeps them inside braces", () => {
    assert.equal(kinds("f(\n1,\n[2\n])").filter((token) => token.startsWith("newline")).length, 0);
    assert.equal(kinds("f({\n1\n})").filter((token) => token.startsWith("newline")).length, 2);
  });

  it("reads numbers with their suffixes, and a dot behind a number as the start of a call", () => {
    assert.deepEqual(kinds("1_000 0x1F 0b11 017 5L 6G 1.5 2e3 1.5f 7d"), [
      "integer 1_000",
      "integer 0x1F",
      "integer 0b11",
      "integer 017",
      "integer 5L",
      "integer 6G",
      "decimal 1.5",
      "decimal 2e3",
      "decimal 1.5f",
      "decimal 7d",
    ]);
    assert.deepEqual(kinds("1.abs()").slice(0, 2), ["integer 1", "operator ."]);
    assert.deepEqual(kinds("1..5"), ["integer 1", "operator ..", "integer 5"]);
  });

  it("says what is wrong with characters and strings, and reads on", () => {
    assert.deepEqual(problems("'a\n'b'"), ["1:3 expecting ''', found '\\n'"]);
    assert.deepEqual(problems('"cost $5"'), ["1:7 illegal string body character after dollar sign"]);
    assert.deepEqual(problems(String.raw`'\d'`), [String.raw`1:2 unexpected char: '\'`]);
    assert.deepEqual(problems("a\n# b"), ["2:1 unexpected char: '#'"]);
    assert.deepEqual(problems("x = 1_a"), ["1:7 expecting token in range: '0'..'9', found 'a'"]);
    assert.deepEqual(problems('"${\n1}"'), [
      "1:4 end of line reached within a simple string 'x' or \"x\" or /x/",
    ]);
    assert.deepEqual(problems("/* a"), ["1:1 expecting '*/', found end of file"]);
  });
});
