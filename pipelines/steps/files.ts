import type { FileRequest, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import { exception } from "../interpreter/thrown.ts";
import { pathIn } from "../engine/paths.ts";
import type { StepCall } from "./step.ts";

/** Session and container of a file step. */
export function place(call: StepCall): Pick<FileRequest, "kind" | "session" | "container"> {
  const { id, container } = call.session();
  return { kind: "file", session: id, container };
}

/** The absolute path of an argument. */
export function pathOf(call: StepCall, argument: string): string {
  return pathIn(call.run.context.cwd, call.args.text(argument));
}

/** Reads a file's text; throws what Jenkins throws when it is missing. */
export function* readText(call: StepCall, path: string, encoding: string | null): Flow<string> {
  const value: Stored = yield* call.effect({ ...place(call), op: "read", path, encoding });
  if (typeof value === "string") return value;
  throw exception("java.nio.file.NoSuchFileException", path, call.site);
}

/** Writes a text. */
export function* writeText(
  call: StepCall,
  path: string,
  text: string,
  more: { readonly encoding: string | null; readonly append: boolean },
): Flow<void> {
  yield* call.effect({ ...place(call), op: "write", path, text, ...more });
}
