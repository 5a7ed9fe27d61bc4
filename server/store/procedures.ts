import { StoreError } from "./errors.ts";
import type { Procedure } from "./procedure.ts";

/** A procedure found at run time: what it takes and gives is known to its callers only. */
export type AnyProcedure = Procedure<unknown, unknown>;

/**
 * All procedures that the modules at these URLs export, by name.
 * @throws {Error} when two bear one name, or a listed module exports none.
 */
export async function loadProcedures(urls: readonly string[]): Promise<Map<string, AnyProcedure>> {
  const found = new Map<string, AnyProcedure>();
  for (const url of urls) {
    const exported: unknown = await import(url);
    const procedures = proceduresIn(exported);
    if (procedures.length === 0) throw new Error(`${url} exports no procedure`);
    for (const candidate of procedures) {
      const known = found.get(candidate.name);
      if (known !== undefined && known !== candidate) {
        throw new Error(`two procedures are called ${candidate.name}`);
      }
      found.set(candidate.name, candidate);
    }
  }
  return found;
}

/** The procedure of that name. @throws {StoreError} `unknown_procedure`. */
export function procedureNamed(procedures: ReadonlyMap<string, AnyProcedure>, name: string): AnyProcedure {
  const found = procedures.get(name);
  if (found !== undefined) return found;
  throw new StoreError("unknown_procedure", `procedure ${name} is in none of the modules given to openStore`);
}

function proceduresIn(exported: unknown): AnyProcedure[] {
  if (typeof exported !== "object" || exported === null) return [];
  return Object.values(exported).filter(isProcedure);
}

function isProcedure(value: unknown): value is AnyProcedure {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "procedure";
}
