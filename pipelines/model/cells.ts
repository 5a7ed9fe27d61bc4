import type { Axis, Exclude, Matrix } from "./pipeline.ts";

/** One cell of a matrix: the value of each axis, in the order of the axes. */
export type Cell = readonly { readonly name: string; readonly value: string }[];

/** The cells of a matrix that are not excluded; the first axis varies fastest. */
export function cellsOf(matrix: Pick<Matrix, "axes" | "excludes">): Cell[] {
  let cells: Cell[] = [[]];
  for (const axis of matrix.axes)
    cells = axis.values.flatMap((value) => cells.map((cell) => [...cell, { name: axis.name, value }]));
  return cells.filter((cell) => !matrix.excludes.some((exclude) => isExcluded(cell, exclude)));
}

function isExcluded(cell: Cell, exclude: Exclude): boolean {
  return exclude.axes.every((axis) => {
    const own = cell.find((part) => part.name === axis.name);
    return own !== undefined && lists(axis, own.value) !== axis.isInverse;
  });
}

function lists(axis: Axis, value: string): boolean {
  return axis.values.includes(value);
}

/** The name of a cell's stage: `Matrix - OS = 'linux', NODE = '24'`. */
export function cellName(cell: Cell): string {
  return `Matrix - ${cell.map((part) => `${part.name} = '${part.value}'`).join(", ")}`;
}
