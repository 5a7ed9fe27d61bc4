import type { StageCell, StageState } from "../../../server/http/contract/builds.ts";
import { useTexts } from "../app/context.tsx";

/** The form of a cell carries its state, not only its colour: failed is tall, running striped, to come dashed. */
const CELL: Readonly<Record<StageState, string>> = {
  queued: "c-q",
  running: "c-r",
  waiting: "c-w",
  succeeded: "c-ok",
  unstable: "c-u",
  failed: "c-f",
  aborted: "c-a",
  not_built: "c-n",
  skipped: "c-n",
};

const USUAL_SECONDS = 8;

function seconds(cell: StageCell): number {
  if (cell.startedAtMs === null || cell.endedAtMs === null) return USUAL_SECONDS;
  return Math.max(1, (cell.endedAtMs - cell.startedAtMs) / 1000);
}

/** The stages of a build as one line; a cell is as wide as its stage took. */
export function StageBar(props: { readonly stages: readonly StageCell[] }) {
  const texts = useTexts();
  if (props.stages.length === 0) return <span className="bar" role="img" aria-label={texts.builds.noStage} />;
  const label = texts.builds.stagesLabel(
    props.stages.map((cell) => `${cell.name} ${texts.state.stage[cell.state]}`).join(", "),
  );
  return (
    <span className="bar" role="img" aria-label={label}>
      {props.stages.map((cell, index) => (
        // What waits is a sign of its own size: it has no time to be as wide as.
        <i
          key={index}
          className={CELL[cell.state]}
          style={cell.state === "waiting" ? undefined : { flexGrow: seconds(cell) }}
        />
      ))}
    </span>
  );
}
