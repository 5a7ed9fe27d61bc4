import { SaxesParser } from "saxes";
import type { TestState } from "../store/states.ts";

/** One test of a report. */
export interface TestCase {
  readonly suite: string;
  readonly className: string | null;
  readonly name: string;
  readonly state: TestState;
  readonly durationMs: number;
  readonly message: string | null;
  readonly detail: string | null;
}

/** The tests of a report, or where it cannot be read. */
export type ReadReport =
  | { readonly ok: true; readonly cases: readonly TestCase[] }
  | { readonly ok: false; readonly message: string };

const DETAIL_CHARACTERS = 20_000;

interface Draft {
  suite: string;
  className: string | null;
  name: string;
  state: TestState;
  durationMs: number;
  message: string | null;
  detail: string;
}

/**
 * Reads a JUnit report as test runners write it (there is no standard; attributes may be missing, suites may nest).
 * Format described at https://github.com/testmoapp/junitxml.
 */
export function readJunit(text: string): ReadReport {
  const cases: TestCase[] = [];
  const suites: string[] = [];
  let current: Draft | null = null;
  let inDetail = false;
  let problem: string | null = null;
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    problem ??= error.message;
  });
  parser.on("opentag", (tag) => {
    const attribute = (name: string): string | null => tag.attributes[name] ?? null;
    if (tag.name === "testsuite") suites.push(attribute("name") ?? "");
    else if (tag.name === "testcase") {
      current = {
        suite: suites.at(-1) ?? "",
        className: attribute("classname"),
        name: attribute("name") ?? "",
        state: "passed",
        durationMs: millis(attribute("time")),
        message: null,
        detail: "",
      };
    } else if (
      current !== null &&
      (tag.name === "failure" || tag.name === "error" || tag.name === "skipped")
    ) {
      current.state = tag.name === "failure" ? "failed" : tag.name === "error" ? "error" : "skipped";
      current.message = attribute("message");
      inDetail = tag.name !== "skipped";
    }
  });
  const add = (characters: string): void => {
    if (inDetail && current !== null && current.detail.length < DETAIL_CHARACTERS)
      current.detail += characters;
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.on("closetag", (tag) => {
    if (tag.name === "testsuite") suites.pop();
    if (tag.name === "failure" || tag.name === "error") inDetail = false;
    if (tag.name === "testcase" && current !== null) {
      const { detail, ...rest } = current;
      cases.push({
        ...rest,
        detail: detail.trim() === "" ? null : detail.trim().slice(0, DETAIL_CHARACTERS),
      });
      current = null;
    }
  });
  try {
    parser.write(text).close();
  } catch (error) {
    problem ??= error instanceof Error ? error.message : String(error);
  }
  return problem === null ? { ok: true, cases } : { ok: false, message: problem };
}

/** Seconds as reports write them, some with thousands parted by commas. */
function millis(text: string | null): number {
  const seconds = Number((text ?? "0").replaceAll(",", ""));
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : 0;
}
