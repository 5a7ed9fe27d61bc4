import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readCron, type Draw } from "../../../pipelines/triggers/cron.ts";
import { drawsOf } from "../../../pipelines/triggers/job-hash.ts";
import { nextTime } from "../../../pipelines/triggers/next-time.ts";

const first = (): number => 0;

function table(text: string, draw: Draw = first) {
  const reading = readCron(text, draw);
  assert.ok(reading.ok, reading.ok ? "" : reading.message);
  return reading.table;
}

function next(text: string, after: string, zone = "UTC"): string {
  const found = nextTime(table(text), Date.parse(after), zone);
  return found === null ? "never" : new Date(found.atMs).toISOString().slice(0, 16);
}

describe("a cron text", () => {
  it("fires at the next minute that all five fields take", () => {
    assert.equal(next("*/15 * * * *", "2026-11-21T10:07:30Z"), "2026-11-21T10:15");
    assert.equal(next("0 4 * * 1-5", "2026-11-21T10:00:00Z"), "2026-11-23T04:00");
    assert.equal(next("30 23 31 * *", "2026-11-21T10:00:00Z"), "2026-12-31T23:30");
    assert.equal(next("0 0 29 2 *", "2026-11-21T10:00:00Z"), "2028-02-29T00:00");
    assert.equal(next("0 0 30 2 *", "2026-11-21T10:00:00Z"), "never");
    assert.equal(next("5 * * * *", "2026-11-21T10:05:00Z"), "2026-11-21T11:05");
  });

  it("wants the day of the month and the day of the week together", () => {
    assert.equal(next("0 0 13 * 5", "2026-11-21T00:00:00Z"), "2027-08-13T00:00");
  });

  it("takes 0 and 7 for Sunday, lists, ranges with steps, comments and blank lines", () => {
    assert.equal(next("0 6 * * 7", "2026-11-21T00:00:00Z"), "2026-11-22T06:00");
    assert.equal(next("# at night\n\n0 1-9/4,12 * * *", "2026-11-21T05:30:00Z"), "2026-11-21T09:00");
    assert.equal(next("0 3 * * *\n0 5 * * *", "2026-11-21T04:00:00Z"), "2026-11-21T05:00");
  });

  it("counts in the zone that its first line names, and in summer time", () => {
    assert.equal(next("TZ=Asia/Shanghai\n0 9 * * *", "2026-11-21T02:00:00Z"), "2026-11-22T01:00");
    assert.equal(next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-29T01:30");
    assert.equal(next("0 9 * * *", "2026-07-01T00:00:00Z", "Europe/Berlin"), "2026-07-01T07:00");
  });

  it("draws H once for each place where it stands, within its range", () => {
    const drawn: number[] = [];
    const line = table("H H(2-4) H * H", (count) => {
      drawn.push(count);
      return count - 1;
    }).lines[0];
    assert.deepEqual(drawn, [60, 3, 28, 7]);
    assert.deepEqual([line?.minutes, line?.hours, line?.days, line?.weekdays], [[59], [4], [28], [6]]);
    assert.deepEqual(table("H/20 * * * *", () => 7).lines[0]?.minutes, [7, 27, 47]);
    assert.deepEqual(table("@midnight", () => 1).lines[0]?.hours, [1]);
  });

  it("spreads jobs by their names and gives each the same place every time", () => {
    const minute = (job: string): number | undefined => table("H * * * *", drawsOf(job)).lines[0]?.minutes[0];
    assert.equal(minute("shop/main"), minute("shop/main"));
    const minutes = new Set(Array.from({ length: 60 }, (_, index) => minute(`job-${index}`)));
    assert.ok(minutes.size > 20, `${minutes.size} different minutes`);
  });

  it("carries the parameters of its line", () => {
    const found = nextTime(
      table("0 4 * * * % MODE=full; NIGHT=true\n0 5 * * * %MODE=quick"),
      Date.parse("2026-11-21T03:00:00Z"),
      "UTC",
    );
    assert.deepEqual(found?.parameters, { MODE: "full", NIGHT: "true" });
  });

  it("is refused with the line and what is wrong there", () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ["every day", /line 1: five fields .* 2 found/],
      ["0 4 * * *\n61 * * * *", /line 2: 61 is an invalid value of the minute\. Must be within 0 and 59/],
      ["* * * * MON", /"MON" is no day of week/],
      ["5/10 * * * *", /a step needs a range/],
      ["H/70 * * * *", /70 is an invalid value\. Must be within 1 and 60/],
      ["9-3 * * * *", /goes backwards/],
      ["*/0 * * * *", /must be above 0/],
      ["@often", /there is no @often/],
      ["TZ=Moon/Sea\n* * * * *", /Invalid or unsupported timezone 'Moon\/Sea'/],
    ];
    for (const [text, message] of wrong) {
      const reading = readCron(text, first);
      assert.ok(!reading.ok, text);
      assert.match(reading.message, message);
    }
  });
});
