import type { EffectKind, ResumePolicy } from "../ports.ts";

/** What a parameter takes. `any` is not checked; an enumeration lists its words. */
export type ParameterType =
  | "string"
  | "boolean"
  | "int"
  | "long"
  | "list"
  | "map"
  | "any"
  | { readonly oneOf: readonly string[] };

/** One named argument of a step. */
export type Parameter = {
  readonly name: string;
  readonly type: ParameterType;
  readonly required: boolean;
  /** What stands in for it when absent; undefined: nothing. */
  readonly default?: string | number | boolean | null;
  /** One sentence for the reference page. */
  readonly doc: string;
};

/** Whether a step takes a block: `{ … }` behind it. */
export type Block = "none" | "required" | "optional";

/** What the linter, the reference page and the engine know of a step. */
export type Signature = {
  readonly name: string;
  /** Other names of it. */
  readonly aliases?: readonly string[];
  readonly doc: string;
  readonly parameters: readonly Parameter[];
  /** Which parameter an argument without a name fills; null: none may be unnamed. */
  readonly positional: string | null;
  readonly block: Block;
  /** All named arguments are the entries of the positional one's map, whatever their names (`parallel`). */
  readonly gathersNamed?: boolean;
  /** Must stand inside an agent. */
  readonly needsAgent: boolean;
  /** May also wrap a pipeline or stage as an option. */
  readonly isOption?: boolean;
  /** The effect it has on the world; "none" for steps that only change what the engine knows. */
  readonly kind: EffectKind | "none";
  /** What becomes of the effect when the engine is loaded again; "none" without an effect. */
  readonly policy: ResumePolicy | "none";
};

/** A parameter that must be there. */
export function required(name: string, type: ParameterType, doc: string): Parameter {
  return { name, type, required: true, doc };
}

/** A parameter that may be left out. */
export function optional(
  name: string,
  type: ParameterType,
  doc: string,
  standIn?: string | number | boolean | null,
): Parameter {
  return standIn === undefined
    ? { name, type, required: false, doc }
    : { name, type, required: false, default: standIn, doc };
}
