import { illegalArgument } from "../../interpreter/thrown.ts";
import type { Matrix, Stage } from "../../model/pipeline.ts";
import { LIMITS } from "../limits.ts";

/** One combination of axis values, with the stage that runs for it. */
export type Cell = { readonly variables: readonly (readonly [string, string])[]; readonly stage: Stage };

/** All combinations but those excluded; the first axis varies fastest. */
export function cellsOf(matrix: Matrix, around: Stage): Cell[] {
  let combinations: (readonly [string, string])[][] = [[]];
  for (const axis of [...matrix.axes].reverse()) {
    if (combinations.length * axis.values.length > LIMITS.cells)
      throw illegalArgument(`stage "${around.name}": a matrix may have ${LIMITS.cells} cells`);
    combinations = combinations.flatMap((rest) =>
      axis.values.map((value) => [[axis.name, value] as const, ...rest]),
    );
  }
  return combinations
    .filter((variables) => !isExcluded(matrix, variables))
    .map((variables) => cellOf(matrix, around, variables));
}

function isExcluded(matrix: Matrix, variables: Cell["variables"]): boolean {
  return matrix.excludes.some((exclude) =>
    exclude.axes.every((axis) => {
      const value = variables.find(([name]) => name === axis.name)?.[1];
      return value !== undefined && axis.values.includes(value) !== axis.isInverse;
    }),
  );
}

function cellOf(matrix: Matrix, around: Stage, variables: Cell["variables"]): Cell {
  const { environment, tools, options, post } = matrix;
  const name = `Matrix - ${variables.map(([axis, value]) => `${axis} = '${value}'`).join(", ")}`;
  return {
    variables,
    stage: {
      environment,
      tools,
      options,
      post,
      ...(matrix.agent === undefined ? {} : { agent: matrix.agent }),
      ...(matrix.input === undefined ? {} : { input: matrix.input }),
      ...(matrix.when === undefined ? {} : { when: matrix.when }),
      name,
      nameSpan: around.nameSpan,
      failFast: false,
      work: { kind: "stages", stages: matrix.stages },
      span: matrix.span,
    },
  };
}
