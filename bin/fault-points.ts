import { SERVER_PROCEDURES } from "../server/procedures.ts";
import { loadProcedures } from "../server/store/procedures.ts";

/** The names that SLUICE_FAULT takes: every transaction of the server has a point around its commit. */
export async function listFaultPoints(): Promise<string[]> {
  const procedures = await loadProcedures(SERVER_PROCEDURES.map((url) => url.href));
  return [...procedures.keys()].toSorted();
}
