import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseParameters } from "../../web/src/app/parse-parameters.ts";
import { formatBytes } from "../../web/src/format/bytes.ts";
import { formatDuration } from "../../web/src/format/duration.ts";
import { parseImage, shortImage } from "../../web/src/format/image.ts";
import { formatRelative } from "../../web/src/format/time.ts";

describe("lengths of time", () => {
  it("are told in their two largest units", () => {
    const said = [0, 1.4, 300, 4100, 48_000, 192_000, 7_200_000, 8_040_000, 100_000_000].map((ms) =>
      formatDuration(ms, "en"),
    );
    assert.deepEqual(said, ["0s", "1ms", "0.3s", "4.1s", "48s", "3m 12s", "2h", "2h 14m", "1d 3h"]);
  });

  it("are told in Chinese without spaces", () => {
    assert.equal(formatDuration(192_000, "zh-CN"), "3分钟12秒");
    assert.equal(formatDuration(300, "zh-CN"), "0.3秒");
  });

  it("never turn negative", () => assert.equal(formatDuration(-5, "en"), "0s"));
});

describe("moments", () => {
  it("are told relative to now, and by date when a week away", () => {
    const now = Date.UTC(2026, 10, 20, 12);
    assert.equal(formatRelative(now - 12 * 60_000, now, "en"), "12m ago");
    assert.equal(formatRelative(now - 12 * 60_000, now, "zh-CN"), "12分钟前");
    assert.match(formatRelative(now - 20 * 86_400_000, now, "en"), /2026/);
  });
});

describe("sizes", () => {
  it("are told in the largest unit that leaves at least one", () => {
    assert.deepEqual([0, 1023, 1024, 98_304, 1_258_291, 3 * 1024 ** 3].map(formatBytes), [
      "0 B",
      "1023 B",
      "1.0 KiB",
      "96 KiB",
      "1.2 MiB",
      "3.0 GiB",
    ]);
  });
});

describe("images", () => {
  it("are taken apart into name, tag and digest; a port is no tag", () => {
    assert.deepEqual(parseImage("reg:5000/shop/web:1.2@sha256:abcdef"), {
      name: "reg:5000/shop/web",
      tag: "1.2",
      digest: "abcdef",
    });
    assert.deepEqual(parseImage("reg:5000/shop/web"), {
      name: "reg:5000/shop/web",
      tag: undefined,
      digest: undefined,
    });
  });

  it("are shortened to what tells two apart", () => {
    assert.equal(shortImage("web@sha256:91ab77e0c04d1f32aa"), "91ab77e0c04d");
    assert.equal(shortImage("reg:5000/web:1.2"), "web:1.2");
    assert.equal(shortImage("web"), "web");
  });
});

describe("parameters typed as lines", () => {
  it("are names and values, everything behind the first equals sign being the value", () => {
    assert.deepEqual(parseParameters("A=1\n\nURL = x=y\n"), {
      parameters: { A: "1", URL: " x=y" },
      bad: undefined,
    });
  });

  it("name the first line that is none", () => {
    assert.equal(parseParameters("A=1\nnonsense\n=3").bad, "nonsense");
  });
});
