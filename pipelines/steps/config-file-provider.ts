import type { WantedSecret } from "../ports.ts";
import { bindSecrets } from "../engine/credentials.ts";
import { fieldOf } from "../engine/convert.ts";
import { Description } from "../engine/objects/description.ts";
import { pathIn } from "../engine/paths.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Value } from "../interpreter/values.ts";
import { place } from "./files.ts";
import { execRequest } from "./shell.ts";
import { required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

interface ConfigFile {
  readonly fileId: string;
  /** Variable that holds its path; null where the file names none. */
  readonly variable: string | null;
  /** Variable that the secret is bound to. */
  readonly bound: string;
  /** Where in the workspace a copy stands while the block runs. */
  readonly target: string | null;
}

/** Files kept on the server: here they are secrets of type file. */
export const configFileProvider = step({
  name: "configFileProvider",
  doc: "Puts files kept as secrets of type file beside the workspace, or to their targetLocation in it, and their paths into variables.",
  parameters: [
    required(
      "fileList",
      "list",
      "configFile(fileId: …, variable: …, targetLocation: …), the latter two as wanted.",
    ),
  ],
  positional: "fileList",
  block: "required",
  needsAgent: true,
  kind: "read",
  policy: "repeat",
  *behave(call) {
    const { run } = call;
    const files = call.args.list("fileList").map((value, index) => readFile(call, value, index));
    const wanted = files.map(({ fileId, bound }): WantedSecret => ({
      secret: fileId,
      kind: "file",
      variables: { file: bound },
    }));
    const change = yield* bindSecrets(run, wanted, call.site);
    const copies = files.filter(({ target }) => target !== null);
    if (copies.length === 0) return yield* call.body(change);
    const paths = new Map<string, string>();
    try {
      for (const { fileId, variable, bound, target } of copies) {
        const source = change.layers?.values.get(bound) ?? "";
        const copy =
          target?.endsWith("/") === true ? `${target}${source.split("/").at(-1) ?? ""}` : (target ?? "");
        yield* run.within(change, () => copyTo(call, fileId, source, copy));
        // Only now: what stood there and could not be written over is not ours to take away.
        paths.set(variable ?? bound, copy);
      }
      const values = new Map([...paths].filter(([name]) => copies.some(({ variable }) => variable === name)));
      return yield* call.body({
        ...change,
        layers: { parent: change.layers ?? null, values, isSecret: false },
      });
    } finally {
      for (const dir of paths.values())
        yield* call.effect({ ...place(call), op: "delete", dir, includes: null, excludes: null });
    }
  },
});

function readFile(call: StepCall, value: Value, index: number): ConfigFile {
  if (!(value instanceof Description))
    return call.refuse("each file is configFile(fileId: …, variable: …, targetLocation: …)");
  const text = (name: string): string | null => {
    const found = call.run.textOf(value.field(name) ?? "");
    return found === "" ? null : found;
  };
  const fileId = text("fileId") ?? call.refuse("configFile lacks fileId");
  const variable = text("variable");
  const location = text("targetLocation");
  const target = location === null ? null : pathIn(call.run.context.cwd, location);
  return {
    fileId,
    variable,
    bound: target === null ? (variable ?? `SLUICE_FILE_${index}`) : `SLUICE_FILE_${index}`,
    target: target !== null && location?.endsWith("/") === true ? `${target}/` : target,
  };
}

const COPY = 'mkdir -p "$(dirname "$2")" && cat "$1" >"$2"';

function* copyTo(call: StepCall, fileId: string, source: string, target: string): Flow<void> {
  const command = { argv: ["sh", "-c", COPY, "sh", source, target] };
  const more = { capture: false, encoding: null, label: null };
  const ended = yield* call.effect(execRequest(call.run, call, command, more), command);
  if (fieldOf(ended, "exit") !== 0) call.fail(`the file '${fileId}' could not be copied to ${target}`);
}
