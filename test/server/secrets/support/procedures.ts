import { bindSecret } from "../../../../server/secrets/rows.ts";
import { procedure } from "../../../../server/store/procedure.ts";

/** A binding with no effect beside it. */
export const bindForTest = procedure(
  "bindForTest",
  { durability: "full" },
  function* (tx, input: { buildId: number; secretId: number; version: number }) {
    yield* bindSecret(tx, input);
    return null;
  },
);
