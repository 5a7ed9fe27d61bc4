import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readJunit } from "../../../server/runners/junit.ts";

describe("a JUnit report", () => {
  it("gives suites, states, times and what a failure said", () => {
    const report = readJunit(`<?xml version="1.0"?>
      <testsuites><testsuite name="cart">
        <testcase name="adds" classname="Cart" time="0.25"/>
        <testcase name="pays" time="1,000.5"><failure message="expected 200">at pay()<![CDATA[ <b> ]]></failure></testcase>
        <testcase name="ships"><skipped/></testcase>
        <testcase name="breaks"><error>boom</error></testcase>
      </testsuite></testsuites>`);
    assert.ok(report.ok);
    assert.deepEqual(
      report.cases.map(({ suite, name, state, durationMs, message }) => ({
        suite,
        name,
        state,
        durationMs,
        message,
      })),
      [
        { suite: "cart", name: "adds", state: "passed", durationMs: 250, message: null },
        { suite: "cart", name: "pays", state: "failed", durationMs: 1_000_500, message: "expected 200" },
        { suite: "cart", name: "ships", state: "skipped", durationMs: 0, message: null },
        { suite: "cart", name: "breaks", state: "error", durationMs: 0, message: null },
      ],
    );
    assert.equal(report.cases[1]?.detail, "at pay() <b>");
  });

  it("without suites, or with suites in suites, is read too", () => {
    const plain = readJunit(`<testsuite><testcase name="a"/></testsuite>`);
    assert.ok(plain.ok && plain.cases.length === 1);
    const nested = readJunit(
      `<testsuites><testsuite name="o"><testsuite name="i"><testcase name="a"/></testsuite><testcase name="b"/></testsuite></testsuites>`,
    );
    assert.ok(nested.ok);
    assert.deepEqual(
      nested.cases.map((one) => one.suite),
      ["i", "o"],
    );
  });

  it("that is no XML is refused with the place", () => {
    const broken = readJunit("<testsuite><testcase></testsuite>");
    assert.ok(!broken.ok);
    assert.match(broken.message, /1:\d+/);
  });
});
