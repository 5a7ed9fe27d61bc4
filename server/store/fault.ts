import { faultsFrom as readFaults } from "../../runners/faults.ts";
import type { Faults } from "../../runners/faults.ts";
import { StoreError } from "./errors.ts";

/** The point of a write that stands alone, in no procedure. */
export const STATEMENT_POINT = "statement";

/** The point of bringing the schema one version forward; its n-th pass is the n-th migration of a start. */
export const MIGRATION_POINT = "schema.migrate";

/**
 * The fault points of the store: every procedure has one of its name around its commit. A lost answer is what a
 * connection gives that broke within COMMIT: `outcome_unknown`.
 */
export function faultsFrom(env: { readonly [name: string]: string | undefined }): Faults {
  return readFaults(
    env,
    (point) => new StoreError("outcome_unknown", `fault at ${point}: committed, but the answer was lost`),
  );
}
