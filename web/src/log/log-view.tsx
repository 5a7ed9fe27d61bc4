import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
} from "react";
import { useTexts } from "../app/context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { Icon } from "../parts/icon.tsx";
import { CopyButton } from "../parts/small.tsx";
import { ChunkView, chunksOf } from "./chunk-view.tsx";
import { chooseLine, formatLineRange, type LineRange } from "./line-range.ts";
import { RawLog } from "./raw-log.tsx";
import { SearchBox } from "./search-box.tsx";
import { useLog } from "./use-log.ts";
import { useSearch } from "./use-search.ts";
import { atEnd, atStart, firstLine, holds, lastLine } from "./window.ts";

interface LogViewProps {
  readonly build: number;
  readonly step: number;
  readonly label: string;
  readonly growing: boolean;
  /** The line named as the reason of the failure, when it is in this log. */
  readonly failing: number | undefined;
  readonly chosen: LineRange | undefined;
  readonly choose: (range: LineRange | undefined) => void;
}

/** The width of the column of numbers: what is pressed there chooses the line. */
const NUMBERS_PX = 52;
/** Its width once numbers have six digits. */
const WIDE_NUMBERS_PX = 84;
const WIDE_FROM = 100_000;
const EDGE_PX = 600;

/** The first line seen and where it stands, so that it can be put back after something above it has changed. */
interface Place {
  readonly line: number;
  readonly topPx: number;
}

function lineElement(root: HTMLElement, line: number): HTMLElement | null {
  return root.querySelector<HTMLElement>(`[data-n="${line}"]`);
}

function findPlace(root: HTMLElement): Place | undefined {
  const top = root.getBoundingClientRect().top;
  for (const chunk of root.querySelectorAll<HTMLElement>("[data-chunk]")) {
    if (chunk.getBoundingClientRect().bottom <= top) continue;
    for (const line of chunk.querySelectorAll<HTMLElement>("[data-n]")) {
      const box = line.getBoundingClientRect();
      if (box.bottom > top) return { line: Number(line.dataset["n"]), topPx: box.top - top };
    }
    return undefined;
  }
  return undefined;
}

/**
 * A step's log: thousands of lines of which only those near the view are drawn, live at its end, searchable as a
 * whole, every line with an address. The reader's place never moves by itself.
 */
export function LogView(props: LogViewProps) {
  const { build, step, growing, failing, chosen, choose } = props;
  const texts = useTexts();
  const wantedAtFirst = chosen?.from ?? failing;
  const log = useLog(
    build,
    step,
    growing,
    wantedAtFirst !== undefined
      ? { at: "line", line: wantedAtFirst }
      : growing
        ? { at: "end" }
        : { at: "start" },
  );
  const { window: held, toLine } = log;
  const [root, setRoot] = useState<HTMLDivElement | null>(null);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(growing && wantedAtFirst === undefined);
  const [target, setTarget] = useState<number | undefined>(wantedAtFirst);
  const [query, setQuery] = useState("");
  const [hitIndex, setHitIndex] = useState(0);
  const search = useSearch(build, step, query);
  const hit = search?.lines[hitIndex];
  const place = useRef<Place | undefined>(undefined);
  const chunks = useMemo(() => chunksOf(held), [held]);
  const wide = lastLine(held) >= WIDE_FROM;

  /** Puts the reader back where they were, or brings them where they want to be. */
  const settle = useCallback(() => {
    if (root === null) return;
    if (target !== undefined) {
      const element = lineElement(root, target);
      if (element === null) return;
      root.scrollTop +=
        element.getBoundingClientRect().top - root.getBoundingClientRect().top - root.clientHeight / 3;
      place.current = findPlace(root);
    } else if (follow) {
      root.scrollTop = root.scrollHeight;
    } else if (place.current !== undefined) {
      const element = lineElement(root, place.current.line);
      if (element === null) return;
      const movedPx =
        element.getBoundingClientRect().top - root.getBoundingClientRect().top - place.current.topPx;
      if (Math.abs(movedPx) >= 1) root.scrollTop += movedPx;
    }
  }, [root, target, follow]);
  useLayoutEffect(settle, [settle, chunks, wrap]);

  // Bringing the reader somewhere ends with the reader's own first movement.
  const moved = useCallback(() => setTarget(undefined), []);
  const goTo = useCallback(
    (line: number) => {
      setFollow(false);
      setTarget(line);
      void toLine(line);
    },
    [toLine],
  );

  const chosenFrom = chosen?.from;
  const lastAsked = useRef(chosenFrom);
  useEffect(() => {
    if (chosenFrom === lastAsked.current) return;
    lastAsked.current = chosenFrom;
    if (chosenFrom !== undefined && (root === null || lineElement(root, chosenFrom) === null))
      goTo(chosenFrom);
  }, [chosenFrom, goTo, root]);

  useEffect(() => setHitIndex(0), [search]);
  useEffect(() => {
    if (hit !== undefined) goTo(hit);
  }, [hit, goTo]);

  const scrolled = (): void => {
    if (root === null) return;
    if (target === undefined) place.current = findPlace(root);
    if (log.loading || held.blocks.length === 0) return;
    if (root.scrollTop < EDGE_PX && !atStart(held)) log.earlier();
    else if (root.scrollHeight - root.scrollTop - root.clientHeight < EDGE_PX && !atEnd(held)) log.later();
  };

  const leaveEnd = (): void => {
    moved();
    setFollow(false);
  };

  const pressed = (event: MouseEvent<HTMLDivElement>): void => {
    const { target: pressedOn } = event;
    if (!(pressedOn instanceof HTMLElement) || pressedOn.closest("a,button") !== null) return;
    const line = pressedOn.closest<HTMLElement>("[data-n]");
    if (
      line === null ||
      event.clientX - line.getBoundingClientRect().left > (wide ? WIDE_NUMBERS_PX : NUMBERS_PX)
    )
      return;
    lastAsked.current = Number(line.dataset["n"]);
    const range = chooseLine(chosen, lastAsked.current, event.shiftKey);
    lastAsked.current = range.from;
    setFollow(false);
    choose(range);
  };

  const typed = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key === "End") {
      event.preventDefault();
      log.toEnd();
      moved();
      setFollow(true);
    } else if (event.key === "Home") {
      event.preventDefault();
      log.toStart();
      goTo(1);
    } else if (chosen !== undefined && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const line = Math.max(
        1,
        (event.key === "ArrowDown" ? chosen.to : chosen.from) + (event.key === "ArrowDown" ? 1 : -1),
      );
      if (holds(held, line)) choose(chooseLine(chosen, line, event.shiftKey));
    } else if (chosen !== undefined && event.key === "Escape") choose(undefined);
    else if (event.key === "ArrowUp" || event.key === "PageUp") leaveEnd();
  };

  const afterChosen = useMemo(() => {
    if (chosen === undefined) return null;
    const what =
      chosen.from === chosen.to ? texts.log.line(chosen.from) : texts.log.lineRange(chosen.from, chosen.to);
    const url = new URL(formatLineRange(chosen), window.location.href).href;
    return (
      <span className="here">
        <CopyButton text={url} what={what} />
      </span>
    );
  }, [chosen, texts]);

  const lines = lastLine(held);
  const targetChunk = target === undefined ? undefined : Math.floor((target - 1) / 100);
  return (
    <div className="lv">
      <div className="lv-bar">
        <code>
          <b>{props.label}</b>
        </code>
        <span className="meta">
          {atEnd(held) && lines > 0 ? `${texts.log.lines(lines)} · ` : ""}
          {formatBytes(held.sizeBytes)}
        </span>
        <span className="far acts">
          <SearchBox
            query={query}
            change={setQuery}
            at={hitIndex}
            count={search?.lines.length}
            total={search?.count}
            go={setHitIndex}
          />
          {failing === undefined ? null : (
            <button type="button" className="tg" onClick={() => goTo(failing)}>
              <Icon name="failed" tone="failed" />
              {texts.log.failureLine}
            </button>
          )}
          <button type="button" className="tg" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
            <Icon name="wrap" />
            {texts.log.wrap}
          </button>
          {growing ? (
            <button
              type="button"
              className="tg"
              aria-pressed={follow}
              onClick={() => {
                moved();
                if (!follow) log.toEnd();
                setFollow(!follow);
              }}
            >
              <Icon name="follow" />
              {texts.log.follow}
            </button>
          ) : null}
          <RawLog build={build} step={step} />
        </span>
      </div>
      <div
        ref={setRoot}
        className={`log big${wrap ? "" : " nowrap"}${wide ? " wide" : ""}`}
        role="log"
        aria-live="off"
        aria-label={texts.log.of(props.label)}
        tabIndex={0}
        onScroll={scrolled}
        onWheel={(event) => {
          moved();
          if (event.deltaY < 0) setFollow(false);
        }}
        onTouchMove={leaveEnd}
        onMouseDown={moved}
        onClick={pressed}
        onKeyDown={typed}
      >
        {log.error === undefined ? null : (
          <div className="ln say">
            <code>
              {texts.log.gone}{" "}
              <button type="button" className="btn sm" onClick={log.retry}>
                {texts.common.tryAgain}
              </button>
            </code>
          </div>
        )}
        {atStart(held) ? null : (
          <div className="ln say">
            <code>{texts.log.earlier}</code>
          </div>
        )}
        {chunks.map((chunk) => (
          <ChunkView
            key={chunk.key}
            chunk={chunk}
            root={root}
            chosen={chosen}
            failing={failing}
            query={query}
            hit={hit}
            wanted={chunk.key === targetChunk}
            resized={settle}
            afterChosen={afterChosen}
          />
        ))}
        {held.blocks.length > 0 || log.loading || log.error !== undefined ? null : (
          <div className="ln say">
            <code>{growing ? texts.log.waiting : texts.log.empty}</code>
          </div>
        )}
      </div>
      <p className="lv-end">
        {held.blocks.length === 0 ? null : <span>{texts.log.held(firstLine(held), lines)}</span>}
        <span className="far">
          {growing
            ? texts.log.growing
            : held.missingBytes > 0
              ? texts.log.missing(held.missingBytes)
              : texts.log.complete}
        </span>
      </p>
    </div>
  );
}
