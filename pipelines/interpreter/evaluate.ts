import type { Diagnostic } from "../diagnostic.ts";
import { parse } from "../syntax/parser.ts";
import { createEvaluator } from "./create.ts";
import type { Evaluator } from "./evaluator.ts";
import type { Host } from "./host.ts";
import { LimitError, type Limits, type Watch } from "./limits.ts";
import { type Site, ThrownValue } from "./thrown.ts";
import type { Value } from "./values.ts";

/** What a script without steps came to. */
export type Evaluated =
  | { readonly value: Value; readonly evaluator: Evaluator }
  | { readonly error: EvaluationError };

/** Why a script has no value. */
export interface EvaluationError {
  /** `syntax`, `exception`, or the code of a limit. */
  readonly code: string;
  readonly message: string;
  readonly site?: Site;
  readonly diagnostics?: readonly Diagnostic[];
}

/** Runs a script that calls no steps, from beginning to end. */
export function evaluateScript(
  text: string,
  options: {
    readonly host: Host;
    readonly file?: string;
    readonly limits?: Partial<Limits>;
    readonly watch?: Watch;
    readonly timeZone?: string;
  },
): Evaluated {
  const { program, diagnostics } = parse(text);
  const [first] = diagnostics;
  if (first !== undefined) return { error: { code: "syntax", message: first.message, diagnostics } };
  const evaluator = createEvaluator(options);
  try {
    const script = evaluator.load(program, options.file ?? "Script1.groovy");
    const step = evaluator.runScript(script).next();
    if (step.done !== true) return { error: { code: "exception", message: "a step cannot run here" } };
    return { value: step.value, evaluator };
  } catch (error) {
    return { error: errorOf(error) };
  }
}

function errorOf(error: unknown): EvaluationError {
  if (error instanceof ThrownValue) {
    return {
      code: "exception",
      message: error.message,
      ...(error.site === undefined ? {} : { site: error.site }),
    };
  }
  if (error instanceof LimitError) return { code: error.code, message: error.message };
  // Too deep for JavaScript's own stack: what the counted depth is there to prevent.
  if (error instanceof RangeError) return { code: "limit.depth", message: "calls are nested too deeply" };
  throw error;
}
