import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { makeBuild, type NewBuild } from "../../webhooks/new-build.ts";

/** Makes a build that no delivery asked for. */
export const insertBuild = procedure(
  "builds.insert",
  { durability: "full" },
  function* (tx: Transaction, input: { build: NewBuild }): Steps<{ id: number; number: number }> {
    return yield* makeBuild(tx, input.build);
  },
);
