import { memo, type CSSProperties, type ReactNode } from "react";
import type { Colour, Span, Style } from "./ansi.ts";
import { piecesOf } from "./links.ts";
import type { LogLine } from "./window.ts";

/** What a line looks like beyond its own text: chosen, named as the reason, and what is searched for. */
export interface Marks {
  readonly chosen: boolean;
  readonly failing: boolean;
  readonly query: string;
  readonly currentHit: boolean;
}

/** Exact colours are pulled towards the text's own, so that they stay readable on both grounds. */
function css(colour: Colour | undefined, ground: boolean): string | undefined {
  if (colour === undefined || colour.kind === "named") return undefined;
  const exact = `rgb(${colour.red} ${colour.green} ${colour.blue})`;
  return ground
    ? `color-mix(in srgb, ${exact} 20%, var(--log))`
    : `color-mix(in srgb, ${exact} 45%, var(--text))`;
}

function classesOf(style: Style): string {
  const classes: string[] = [];
  if (style.ink?.kind === "named") classes.push(`a-${style.ink.name}`);
  if (style.ground?.kind === "named") classes.push(`g-${style.ground.name}`);
  if (style.bold === true) classes.push("bo");
  if (style.dim === true) classes.push("a-dim");
  if (style.italic === true) classes.push("it");
  if (style.underlined === true) classes.push("ul");
  if (style.struck === true) classes.push("st");
  if (style.inverse === true) classes.push("inv");
  return classes.join(" ");
}

/** Text with what is searched for marked; case does not matter. */
function marked(text: string, query: string, current: boolean): ReactNode {
  if (query === "") return text;
  const lower = text.toLowerCase();
  const wanted = query.toLowerCase();
  const parts: ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at));
    parts.push(
      <mark key={at} className={current ? "cur" : undefined}>
        {text.slice(at, at + wanted.length)}
      </mark>,
    );
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function linked(span: Span, marks: Marks): ReactNode {
  if (span.href !== undefined) {
    return (
      <a href={span.href} rel="noreferrer" target="_blank">
        {marked(span.text, marks.query, marks.currentHit)}
      </a>
    );
  }
  return piecesOf(span.text).map((piece, index) =>
    piece.href === undefined ? (
      <span key={index}>{marked(piece.text, marks.query, marks.currentHit)}</span>
    ) : (
      <a key={index} href={piece.href} rel="noreferrer" target="_blank">
        {marked(piece.text, marks.query, marks.currentHit)}
      </a>
    ),
  );
}

function SpanView(props: { readonly span: Span; readonly marks: Marks }) {
  const { span, marks } = props;
  const className = classesOf(span.style);
  const color = css(span.style.ink, false);
  const backgroundColor = css(span.style.ground, true);
  if (className === "" && color === undefined && backgroundColor === undefined) return linked(span, marks);
  const style: CSSProperties = {};
  if (color !== undefined) style.color = color;
  if (backgroundColor !== undefined) style.backgroundColor = backgroundColor;
  return (
    <span className={className} style={style}>
      {linked(span, marks)}
    </span>
  );
}

interface LineProps extends Marks {
  readonly line: LogLine;
  readonly after?: ReactNode;
}

function sameLine(before: LineProps, after: LineProps): boolean {
  return (
    before.line.spans === after.line.spans &&
    before.chosen === after.chosen &&
    before.failing === after.failing &&
    before.query === after.query &&
    before.currentHit === after.currentHit &&
    before.after === after.after
  );
}

/** One line of a log. Its number is drawn by the style sheet, so that it is neither selected nor copied. */
export const LineView = memo(function LineView(props: LineProps) {
  const classes = ["ln", props.failing ? "bad" : "", props.chosen ? "pick" : ""].filter(
    (name) => name !== "",
  );
  return (
    <div className={classes.join(" ")} data-n={props.line.number}>
      <code>
        {props.line.spans.map((span, index) => (
          <SpanView key={index} span={span} marks={props} />
        ))}
      </code>
      {props.after}
    </div>
  );
}, sameLine);
