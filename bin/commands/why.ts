import { z } from "zod";
import { ApiError, callApi } from "../api-client.ts";

const USAGE = `Usage: sluice why BUILD

Says why a build stands where it stands: what it waits for, since when, and who or what can end it.
BUILD is the build's id, or PROJECT#NUMBER. SLUICE_URL and SLUICE_TOKEN say which server.`;

const Explanation = z.object({ state: z.string(), lines: z.array(z.string()) });
const Found = z.object({ items: z.array(z.object({ id: z.number(), number: z.number() })) });

/** `sluice why`: prints the reasons, the most important first; gives the exit status. */
export async function whyCommand(argv: readonly string[]): Promise<number> {
  const [build] = argv;
  if (build === undefined || build === "--help") {
    console.log(USAGE);
    return build === undefined ? 2 : 0;
  }
  try {
    const id = await idOf(build);
    const said = await callApi("GET", `/builds/${id}/why`, Explanation);
    console.log([`${build}: ${said.state}`, ...said.lines.map((line) => `  ${line}`)].join("\n"));
    return 0;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    console.error(error.message);
    return error.status === 404 ? 1 : 2;
  }
}

async function idOf(build: string): Promise<number> {
  const named = /^([a-z0-9][a-z0-9._-]*)#(\d+)$/u.exec(build);
  if (named === null) {
    const id = Number(build);
    if (!Number.isSafeInteger(id) || id < 1)
      throw new ApiError(`"${build}" is no build: write its id, or PROJECT#NUMBER`, null);
    return id;
  }
  const [, project = "", number = ""] = named;
  const found = await callApi("GET", `/projects/${project}/builds?limit=200`, Found);
  const item = found.items.find((one) => one.number === Number(number));
  if (item === undefined) throw new ApiError(`${project} has no build ${number} among its last 200`, 404);
  return item.id;
}
