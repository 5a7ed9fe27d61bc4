/** What is drawn: a stage, stages one after another, or branches beside each other under a name. */
export type GraphNode =
  | {
      readonly kind: "stage";
      readonly id: string;
      readonly title: string;
      readonly note: string;
      readonly done: boolean;
    }
  | { readonly kind: "sequence"; readonly items: readonly GraphNode[] }
  | { readonly kind: "parallel"; readonly title: string; readonly items: readonly GraphNode[] };

/** A stage's box, in pixels. */
export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A line between boxes, as an SVG path; `done` when the stage before it has been passed. */
export interface Edge {
  readonly path: string;
  readonly done: boolean;
}

/** The name of a fork, above it. */
export interface GroupName {
  readonly title: string;
  readonly x: number;
  readonly y: number;
}

/** The whole drawing, in pixels; never scaled, it scrolls sideways instead. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly names: readonly GroupName[];
}

const BOX_HEIGHT = 44;
const ROW_GAP = 8;
const GUTTER = 28;
const NAME_HEIGHT = 20;
const MARGIN = 1;
const BEND = 6;
const MIN_WIDTH = 104;
const MAX_WIDTH = 300;
// The icon and the space around the words.
const PADDING = 50;

interface Size {
  readonly width: number;
  readonly height: number;
  /** Where the line enters and leaves, from the top. */
  readonly mid: number;
}

interface Port {
  readonly x: number;
  readonly y: number;
  readonly done: boolean;
}

interface Drawing {
  readonly boxes: Box[];
  readonly edges: Edge[];
  readonly names: GroupName[];
}

/** The width of text set in the page's 13 px face; wide characters (CJK) count for two. */
function textWidth(text: string, perLetter: number): number {
  let width = 0;
  for (const letter of text) width += (letter.codePointAt(0) ?? 0) > 0x2e7f ? 13 : perLetter;
  return width;
}

function boxWidth(title: string, note: string): number {
  const wanted = PADDING + Math.max(textWidth(title, 7.6), textWidth(note, 6.6));
  return Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, wanted)));
}

function sizeOf(node: GraphNode): Size {
  if (node.kind === "stage") {
    return { width: boxWidth(node.title, node.note), height: BOX_HEIGHT, mid: BOX_HEIGHT / 2 };
  }
  const sizes = node.items.map(sizeOf);
  if (node.kind === "sequence") {
    const above = Math.max(0, ...sizes.map((size) => size.mid));
    const below = Math.max(0, ...sizes.map((size) => size.height - size.mid));
    const width = sizes.reduce((sum, size) => sum + size.width, 0) + GUTTER * Math.max(0, sizes.length - 1);
    return { width, height: above + below, mid: above };
  }
  const rows = sizes.reduce((sum, size) => sum + size.height, 0) + ROW_GAP * Math.max(0, sizes.length - 1);
  const wide = Math.max(MIN_WIDTH, textWidth(node.title, 7), ...sizes.map((size) => size.width));
  return { width: wide, height: NAME_HEIGHT + rows, mid: NAME_HEIGHT + rows / 2 };
}

/** A line from a box to the joint of the gutter, at the joint's height. */
function toJoint(from: Port, jointX: number, y: number): string {
  if (from.y === y) return `M${from.x} ${y}H${jointX}`;
  const turn = from.y < y ? BEND : -BEND;
  return `M${from.x} ${from.y}H${jointX - BEND}q${BEND} 0 ${BEND} ${turn}V${y}`;
}

/** A line from the joint of the gutter to a box. */
function fromJoint(jointX: number, y: number, to: Port): string {
  if (to.y === y) return `M${jointX} ${y}H${to.x}`;
  const turn = to.y < y ? -BEND : BEND;
  return `M${jointX} ${y}V${to.y - turn}q0 ${turn} ${BEND} ${turn}H${to.x}`;
}

/** Stretches a branch that is shorter than its neighbours to the end of the fork. */
function reach(ports: readonly Port[], x: number, drawing: Drawing): readonly Port[] {
  return ports.map((port) => {
    if (port.x < x) drawing.edges.push({ path: `M${port.x} ${port.y}H${x}`, done: port.done });
    return { ...port, x: Math.max(port.x, x) };
  });
}

function place(
  node: GraphNode,
  x: number,
  midY: number,
  width: number,
  drawing: Drawing,
): { readonly entries: readonly Port[]; readonly exits: readonly Port[] } {
  if (node.kind === "stage") {
    drawing.boxes.push({ id: node.id, x, y: midY - BOX_HEIGHT / 2, width, height: BOX_HEIGHT });
    const port = { y: midY, done: node.done };
    return { entries: [{ ...port, x }], exits: [{ ...port, x: x + width }] };
  }
  if (node.kind === "parallel") return placeParallel(node, x, midY, width, drawing);
  let entries: readonly Port[] = [];
  let exits: readonly Port[] = [];
  let left = x;
  node.items.forEach((item, index) => {
    const size = sizeOf(item);
    const own = place(item, left, midY, size.width, drawing);
    if (index === 0) entries = own.entries;
    else joinTo(exits, own.entries, left - GUTTER / 2, midY, drawing);
    exits = own.exits;
    left += size.width + GUTTER;
  });
  return { entries, exits };
}

function joinTo(
  exits: readonly Port[],
  entries: readonly Port[],
  jointX: number,
  y: number,
  drawing: Drawing,
): void {
  const passed = exits.every((port) => port.done);
  for (const port of exits) drawing.edges.push({ path: toJoint(port, jointX, y), done: port.done });
  for (const port of entries) drawing.edges.push({ path: fromJoint(jointX, y, port), done: passed });
}

function placeParallel(
  node: GraphNode & { kind: "parallel" },
  x: number,
  midY: number,
  width: number,
  drawing: Drawing,
): { readonly entries: readonly Port[]; readonly exits: readonly Port[] } {
  const size = sizeOf(node);
  let top = midY - size.mid;
  drawing.names.push({ title: node.title, x, y: top + 13 });
  top += NAME_HEIGHT;
  const entries: Port[] = [];
  const exits: Port[] = [];
  for (const item of node.items) {
    const own = sizeOf(item);
    // A lone stage takes the width of the fork, so that the boxes stand under each other as one column.
    const placed = place(item, x, top + own.mid, item.kind === "stage" ? width : own.width, drawing);
    entries.push(...placed.entries);
    exits.push(...reach(placed.exits, x + width, drawing));
    top += own.height + ROW_GAP;
  }
  return { entries, exits };
}

/**
 * Places a pipeline: what runs one after another stands side by side, what runs at once is stacked, and the lines join
 * in the gutters between. Jenkins' stages are always nested so, which is why no general graph layout is needed.
 */
export function layOut(root: GraphNode): Layout {
  const size = sizeOf(root);
  const drawing: Drawing = { boxes: [], edges: [], names: [] };
  place(root, MARGIN, MARGIN + size.mid, size.width, drawing);
  return { width: size.width + 2 * MARGIN, height: size.height + 2 * MARGIN, ...drawing };
}
