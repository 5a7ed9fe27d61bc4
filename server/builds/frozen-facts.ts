import { z } from "zod";
import type { BuildDiagnostic, Parameter } from "../http/contract/builds.ts";
import { lint } from "../../pipelines/lint.ts";
import type { Store } from "../store/store.ts";
import type { BuildSeal } from "./seal.ts";

/** The part of a frozen head that a page shows. */
const Shown = z.object({
  parameters: z.record(z.string(), z.unknown()),
  file: z.object({ text: z.string() }),
});

/** What a build was started with, and what is to be said about its file. Both empty before the first load. */
export async function frozenFacts(
  deps: { readonly store: Store; readonly sealOf: (buildId: number) => Promise<BuildSeal> },
  buildId: number,
): Promise<{ parameters: readonly Parameter[]; diagnostics: readonly BuildDiagnostic[] }> {
  const row = await deps.store.db
    .selectFrom("buildHeads")
    .innerJoin("builds", "builds.id", "buildHeads.buildId")
    .select(["buildHeads.body as body", "builds.reasonCode as reasonCode"])
    .where("buildHeads.buildId", "=", buildId)
    .executeTakeFirst();
  if (row === undefined) return { parameters: [], diagnostics: [] };
  const seal = await deps.sealOf(buildId);
  const head = Shown.parse(JSON.parse(seal.open("head", row.body)));
  return {
    parameters: Object.entries(head.parameters).map(([name, value]) => ({
      name,
      value: typeof value === "string" ? value : JSON.stringify(value),
      origin: "build",
    })),
    // Only of a file that was refused: advice on a file that runs belongs to the editor.
    diagnostics: row.reasonCode === "invalid_file" ? diagnosticsOf(head.file.text) : [],
  };
}

function diagnosticsOf(text: string): BuildDiagnostic[] {
  return lint(text).map((found) => ({
    code: found.code,
    message: found.message,
    hint: found.hint ?? null,
    line: found.span.line,
    column: found.span.column,
  }));
}
