import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import type { LineRange } from "./line-range.ts";
import { LineView } from "./line-view.tsx";
import type { LogLine, LogWindow } from "./window.ts";

/** Lines that are drawn or not drawn together. */
export interface Chunk {
  readonly key: number;
  readonly lines: readonly LogLine[];
}

const CHUNK_LINES = 100;
const ROW_PX = 20;
// Drawn a good screen ahead, so that scrolling never shows an empty place.
const AHEAD = "1500px 0px";

/** The held lines in chunks whose borders depend on line numbers only, so that they stay when lines come and go. */
export function chunksOf(window: LogWindow): readonly Chunk[] {
  const chunks: { key: number; lines: LogLine[] }[] = [];
  for (const block of window.blocks) {
    for (const line of block.lines) {
      const key = Math.floor((line.number - 1) / CHUNK_LINES);
      const last = chunks.at(-1);
      if (last?.key === key) last.lines.push(line);
      else chunks.push({ key, lines: [line] });
    }
  }
  return chunks;
}

interface ChunkProps {
  readonly chunk: Chunk;
  readonly root: HTMLElement | null;
  readonly chosen: LineRange | undefined;
  readonly failing: number | undefined;
  readonly query: string;
  readonly hit: number | undefined;
  /** Drawn wherever it is, because the reader is being brought to a line of it. */
  readonly wanted: boolean;
  /** Called after its height may have changed, before the reader sees it. */
  readonly resized: () => void;
  readonly afterChosen: ReactNode;
}

/** A hundred lines: drawn when near what is seen, else an empty place of the same height. */
export function ChunkView(props: ChunkProps) {
  const element = useRef<HTMLDivElement>(null);
  const heightPx = useRef<number | undefined>(undefined);
  const [near, setNear] = useState(false);
  const { root, resized, chunk } = props;
  useEffect(() => {
    const place = element.current;
    if (place === null || root === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (entry !== undefined) setNear(entry.isIntersecting);
      },
      { root, rootMargin: AHEAD },
    );
    observer.observe(place);
    return () => observer.disconnect();
  }, [root]);
  const drawn = near || props.wanted;
  useLayoutEffect(() => {
    const place = element.current;
    if (drawn && place !== null) heightPx.current = place.offsetHeight;
    resized();
  }, [drawn, chunk, resized]);
  if (!drawn) {
    return (
      <div
        ref={element}
        data-chunk={chunk.key}
        style={{ height: heightPx.current ?? chunk.lines.length * ROW_PX }}
      />
    );
  }
  const { chosen } = props;
  return (
    <div ref={element} data-chunk={chunk.key}>
      {chunk.lines.map((line) => {
        const isChosen = chosen !== undefined && line.number >= chosen.from && line.number <= chosen.to;
        return (
          <LineView
            key={line.number}
            line={line}
            chosen={isChosen}
            failing={line.number === props.failing}
            query={props.query}
            currentHit={line.number === props.hit}
            after={chosen !== undefined && line.number === chosen.from ? props.afterChosen : undefined}
          />
        );
      })}
    </div>
  );
}
