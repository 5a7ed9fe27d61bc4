import { spreadOf } from "./statistics.ts";

/** What a figure is held against: at most, or at least, so much. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** A measure of the product beside its floor, taken in turn; the goal is about the ratio of their medians. */
export interface RatioMeasure {
  readonly kind: "ratio";
  readonly name: string;
  readonly unit: string;
  readonly product: readonly number[];
  /** What the product is compared with. */
  readonly beside: string;
  readonly floor: readonly number[];
  readonly goal: Goal;
  /** What a reader should know of this figure, such as that of a first start. */
  readonly note?: string;
}

/** A measure with a goal of its own, in its own unit. */
export interface PlainMeasure {
  readonly kind: "plain";
  readonly name: string;
  readonly unit: string;
  readonly product: readonly number[];
  readonly goal: Goal;
  /** Whether the goal is about the highest figure instead of the median: of faults, the worst round counts. */
  readonly most?: boolean;
  readonly note?: string;
}

export type Measure = RatioMeasure | PlainMeasure;

/** A measure with its verdict. */
export interface Verdict {
  readonly measure: Measure;
  /** The ratio of the medians, or the median. */
  readonly figure: number;
  readonly met: boolean;
}

/** Judges a measure by the medians, unless it says otherwise: a busy moment should not decide. @throws {Error} for a measure without figures */
export function judge(measure: Measure): Verdict {
  const { median, most } = spreadOf(measure.product);
  const figure =
    measure.kind === "ratio"
      ? median / spreadOf(measure.floor).median
      : measure.most === true
        ? most
        : median;
  const met = "atMost" in measure.goal ? figure <= measure.goal.atMost : figure >= measure.goal.atLeast;
  return { measure, figure, met };
}

/** The verdict as a line for people. */
export function lineOf({ measure, figure, met }: Verdict): string {
  const { name, unit, goal, note } = measure;
  const mark = met ? "ok    " : "missed";
  const sign = measure.kind === "ratio" ? "x" : ` ${unit}`;
  const wanted = "atMost" in goal ? `<= ${goal.atMost}${sign}` : `>= ${goal.atLeast}${sign}`;
  const seen = `${digits(figure)}${sign} (goal ${wanted})`;
  const detail =
    measure.kind === "ratio"
      ? `: ${spreadText(measure.product, unit)} beside ${measure.beside} ${spreadText(measure.floor, unit)}`
      : `: ${spreadText(measure.product, unit)}`;
  return `${mark} ${name}: ${seen}${detail}${note === undefined ? "" : `; ${note}`}`;
}

/** The exit status: 1 when a goal is missed and that was to be checked. */
export function statusOf(verdicts: readonly Verdict[], check: boolean): 0 | 1 {
  return check && verdicts.some(({ met }) => !met) ? 1 : 0;
}

function spreadText(values: readonly number[], unit: string): string {
  const { median, least, most } = spreadOf(values);
  return `${digits(median)} ${unit} [${digits(least)}-${digits(most)}]`;
}

function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
