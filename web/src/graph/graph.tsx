import { useEffect, useMemo, useRef, type KeyboardEvent } from "react";
import type { Stage, StageState } from "../../../server/http/contract/builds.ts";
import { useNow, useSpeech } from "../app/context.tsx";
import { formatDuration } from "../format/duration.ts";
import { stageLook } from "../parts/tone.ts";
import { usePlace } from "../routing/location.tsx";
import { layOut, type Box } from "./layout.ts";
import { graphOf } from "./stages.ts";

const CLASS: Readonly<Record<StageState, string>> = {
  queued: "n-pend",
  running: "n-running",
  waiting: "n-waiting",
  succeeded: "n-succeeded",
  unstable: "n-unstable",
  failed: "n-failed",
  aborted: "n-aborted",
  not_built: "n-pend",
  skipped: "n-pend",
};

interface GraphProps {
  readonly stages: readonly Stage[];
  readonly current: string | undefined;
  /** The address of a stage's step; undefined where it has none yet. */
  readonly linkOf: (stage: Stage) => string | undefined;
}

function StageBox(props: {
  readonly box: Box;
  readonly stage: Stage;
  readonly note: string;
  readonly current: boolean;
  readonly href: string | undefined;
}) {
  const { box, stage, href } = props;
  const { texts } = useSpeech();
  const { go } = usePlace();
  const look = stageLook(stage.state);
  // What is seen stands first and whole, so that the name that is spoken is the name that is read.
  const label = `${stage.name} ${props.note}, ${texts.state.stage[stage.state]}`;
  const waits = stage.state === "waiting";
  const { x, y, width, height } = box;
  const inside = (
    <>
      {waits ? (
        <path
          className="box"
          d={`M${x + 10} ${y + 0.5}H${x + width - 10}L${x + width} ${y + height / 2} ${x + width - 10} ${y + height - 0.5}H${x + 10}L${x} ${y + height / 2}z`}
        />
      ) : (
        <rect className="box" x={x + 0.5} y={y + 0.5} width={width - 1} height={height - 1} rx={8} />
      )}
      <use href={`#${look.icon}`} x={x + 12} y={y + 14} width={16} height={16} className={`t-${look.tone}`} />
      <text x={x + 36} y={y + 19} className="a">
        {stage.name}
      </text>{" "}
      <text x={x + 36} y={y + 35} className="b">
        {props.note}
      </text>
    </>
  );
  const className = `nd ${CLASS[stage.state]}${props.current ? " on" : ""}`;
  if (href === undefined) {
    return (
      <g className={className} role="img" aria-label={label}>
        {inside}
      </g>
    );
  }
  return (
    <a
      href={href}
      className={className}
      aria-label={label}
      aria-current={props.current ? "true" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(href);
      }}
    >
      {inside}
    </a>
  );
}

/** Arrow keys move along the stages, which are links in running order. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const by =
    event.key === "ArrowRight" || event.key === "ArrowDown"
      ? 1
      : event.key === "ArrowLeft" || event.key === "ArrowUp"
        ? -1
        : 0;
  if (by === 0) return;
  const stages = [...event.currentTarget.querySelectorAll<SVGAElement>("a.nd")];
  const at = stages.findIndex((stage) => stage === document.activeElement);
  const next = stages[at === -1 ? 0 : at + by];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** The stages of a build as they depend on each other, the current one brought into view. */
export function Graph(props: GraphProps) {
  const { texts, language } = useSpeech();
  const nowMs = useNow();
  const region = useRef<HTMLDivElement>(null);
  const note = (stage: Stage): string => {
    if (stage.state === "not_built" || stage.state === "skipped" || stage.state === "queued")
      return texts.state.stage[stage.state];
    const exit = stage.steps.find(
      (step) => step.exitCode !== null && step.exitCode !== 0 && step.state === "failed",
    )?.exitCode;
    const took =
      stage.startedAtMs === null
        ? ""
        : formatDuration((stage.endedAtMs ?? nowMs) - stage.startedAtMs, language);
    return [exit === undefined || exit === null ? "" : texts.build.exit(exit), took]
      .filter((part) => part !== "")
      .join(", ");
  };
  const layout = layOut(graphOf(props.stages, note));
  const byPath = useMemo(() => new Map(props.stages.map((stage) => [stage.path, stage])), [props.stages]);
  const { current } = props;
  useEffect(() => {
    const box = region.current?.querySelector(".nd.on")?.getBoundingClientRect();
    const view = region.current?.getBoundingClientRect();
    if (box === undefined || view === undefined || region.current === null) return;
    if (box.left < view.left || box.right > view.right)
      region.current.scrollLeft += box.left - view.left - view.width / 2;
    if (box.top < view.top || box.bottom > view.bottom)
      region.current.scrollTop += box.top - view.top - view.height / 2;
  }, [current]);
  return (
    <div
      className="graph"
      role="region"
      aria-label={texts.build.pipelineLabel}
      tabIndex={0}
      ref={region}
      onKeyDown={moveFocus}
    >
      <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
        <g>
          {layout.edges.map((edge) => (
            <path key={edge.path} d={edge.path} className={edge.done ? "e done" : "e"} />
          ))}
        </g>
        {layout.names.map((name) => (
          <text key={`${name.x}.${name.y}`} x={name.x} y={name.y} className="g-name">
            {name.title}
          </text>
        ))}
        {layout.boxes.map((box) => {
          const stage = byPath.get(box.id);
          if (stage === undefined) return null;
          return (
            <StageBox
              key={box.id}
              box={box}
              stage={stage}
              note={note(stage)}
              current={box.id === current}
              href={props.linkOf(stage)}
            />
          );
        })}
      </svg>
    </div>
  );
}
