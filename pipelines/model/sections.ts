import type { Closure, MethodCall } from "../syntax/ast.ts";
import { callOf, nameOf, refuse, sourceOf } from "./reading.ts";
import type { Reading } from "./reading.ts";

/**
 * The sections of a block, by name: each statement must be a call, and each name may stand once. Of a name that stands
 * twice the later one is kept, as Jenkins does; all are in `all`.
 */
export type Sections = {
  readonly byName: ReadonlyMap<string, MethodCall>;
  readonly all: readonly { readonly name: string; readonly call: MethodCall }[];
};

// Section = Name [ Arguments ] [ Closure ]
/** Reads the sections of `pipeline`, `stage`, `matrix` or `axis`; `kind` words the message for what is none. */
export function readSections(r: Reading, block: Closure, kind: "section" | "stage section"): Sections {
  const byName = new Map<string, MethodCall>();
  const all: { name: string; call: MethodCall }[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    if (call === undefined) {
      const message = `Not a valid ${kind} definition: "${sourceOf(r, statement)}". Some extra configuration is required.`;
      refuse(r, "section-expected", message, statement.span, "a section is a name with a value or a block");
      continue;
    }
    const name = nameOf(r, call);
    const before = byName.get(name);
    if (before !== undefined) {
      refuse(
        r,
        "section-twice",
        `Multiple occurrences of the ${name} section`,
        call.method.span,
        "put both into one",
        [{ message: "the first one", span: before.method.span }],
      );
    }
    byName.set(name, call);
    all.push({ name, call });
  }
  return { byName, all };
}
