import type { StoredCause } from "../../ports.ts";
import { PlainObject } from "./plain-object.ts";

/** Why something was interrupted: `e.causes[0].shortDescription`, `.user`. */
export class CauseObject extends PlainObject {
  constructor(cause: StoredCause) {
    super(
      `jenkins.model.CauseOfInterruption$${cause.kind}`,
      [
        ["shortDescription", cause.text],
        ["user", cause.user ?? null],
        ["userId", cause.user ?? null],
      ],
      cause.text,
    );
  }
}
