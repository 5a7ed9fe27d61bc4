import { isStoreError } from "../store/errors.ts";
import { HttpProblem } from "./problem.ts";

const AGAIN_SECONDS = 10;

/** The answer where the database cannot do its work for now; null where an error is something else. */
export function storeProblem(error: unknown): HttpProblem | null {
  if (!isStoreError(error)) return null;
  const again = { retryAfterSeconds: AGAIN_SECONDS };
  switch (error.code) {
    case "full":
      return new HttpProblem(
        503,
        "disk",
        "the server's disk is full and nothing was changed: make room",
        again,
      );
    case "away":
    case "closed":
      return new HttpProblem(503, "db_down", "the database cannot be reached and nothing was changed", again);
    case "outcome_unknown":
      return new HttpProblem(
        503,
        "outcome_unknown",
        "the database was lost in the middle: look whether it was done before you ask again",
        again,
      );
    case "newer_schema":
    case "corrupt":
    case "instance_running":
    case "conflict":
    case "constraint":
    case "procedure_failed":
    case "unknown_procedure":
      return null;
  }
}
