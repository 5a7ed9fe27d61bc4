import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { en } from "../../web/src/texts/en.ts";
import { chooseLanguage } from "../../web/src/texts/language.ts";
import { zhCn } from "../../web/src/texts/zh-cn.ts";

/** Every text by its path; those with something to fill in are filled with marks. */
function flat(tree: object, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    const here = `${path}.${name}`;
    if (typeof value === "string") found.set(here, value);
    else if (typeof value === "function") found.set(here, String(value("⟨1⟩", "⟨2⟩", "⟨3⟩")));
    else for (const [deeper, text] of flat(value, here)) found.set(deeper, text);
  }
  return found;
}

/** Names and code that stay as they are in every language. */
const UNTRANSLATED =
  /⟨\d⟩|Sluice|Jenkinsfile|Docker|SQLite|PostgreSQL|sluice(?:\.yml| apply| serve)?|claim\.txt|junit|NAME=value|credentials\(…\)|withCredentials|Authorization: Bearer …|API|SSH|Webhook|English|#/g;

describe("the texts", () => {
  const english = flat(en);
  const chinese = flat(zhCn);

  it("are the same set in both languages, none of them empty", () => {
    assert.deepEqual([...chinese.keys()].toSorted(), [...english.keys()].toSorted());
    for (const [path, text] of [...english, ...chinese]) assert.ok(text.trim() !== "", path);
  });

  it("are Chinese in Chinese: no English word is left over", () => {
    const left = [...chinese].filter(
      ([path, text]) => !path.endsWith(".example") && /[A-Za-z]{2,}/.test(text.replaceAll(UNTRANSLATED, "")),
    );
    assert.deepEqual(left, []);
  });

  it("use full-width punctuation in Chinese", () => {
    const half = [...chinese].filter(
      ([path, text]) => !path.endsWith(".example") && /[\u4e00-\u9fff][,;:?!]/.test(text),
    );
    assert.deepEqual(half, []);
  });

  it("hold no exclamation marks: the page does not shout", () => {
    assert.deepEqual(
      [...english, ...chinese].filter(([, text]) => /[!！]/.test(text)),
      [],
    );
  });

  it("are chosen by the first language the reader wishes that we speak", () => {
    assert.equal(chooseLanguage(["fr-FR", "zh-TW", "en"]), "zh-CN");
    assert.equal(chooseLanguage(["en-GB", "zh"]), "en");
    assert.equal(chooseLanguage([]), "en");
  });
});
