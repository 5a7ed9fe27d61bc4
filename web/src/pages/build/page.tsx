import { useState } from "react";
import type { Build, Stage } from "../../../../server/http/contract/builds.ts";
import { useNow, useSpeech, useTexts } from "../../app/context.tsx";
import { useTitle } from "../../app/title.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { formatDuration } from "../../format/duration.ts";
import { Graph } from "../../graph/graph.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, Note } from "../../parts/small.tsx";
import { Moment, Took } from "../../parts/time.tsx";
import { stageLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";
import { GateOnBuild } from "../gate/on-build.tsx";
import { APPROVAL, ApprovalCard } from "./approval.tsx";
import { FailureCard } from "./failure.tsx";
import { BuildHead, isOpen } from "./head.tsx";
import { allSteps, nameWithin, stepOfStage, stepToOpen } from "./step-to-open.ts";
import { ArtifactsTab, ChangesTab, ParametersTab, TestsTab } from "./tabs.tsx";
import { Work } from "./work.tsx";

/** Beyond so many stages the drawing helps less than a list. */
const GRAPH_STAGES = 60;

function StageList(props: { readonly build: Build; readonly parent: string | null }) {
  const { build } = props;
  const texts = useTexts();
  const stages = build.stages.filter((stage) => stage.parent === props.parent);
  if (stages.length === 0) return null;
  const parent = build.stages.find((stage) => stage.path === props.parent);
  return (
    <ol className="stage-list">
      {stages.map((stage) => {
        const look = stageLook(stage.state);
        const step = stepOfStage(stage, build.stages);
        const words = (
          <>
            {nameWithin(stage, parent)} <span className="m">{texts.state.stage[stage.state]}</span>
          </>
        );
        return (
          <li key={stage.path}>
            <Icon name={look.icon} tone={look.tone} />{" "}
            {step === undefined ? (
              words
            ) : (
              <Link to={links.step(build.project, build.number, step.n)}>{words}</Link>
            )}{" "}
            <span className="m">
              <Took startedAtMs={stage.startedAtMs} endedAtMs={stage.endedAtMs} />
            </span>
            <StageList build={build} parent={stage.path} />
          </li>
        );
      })}
    </ol>
  );
}

function Pipeline(props: { readonly build: Build; readonly currentStep: number | undefined }) {
  const { build } = props;
  const texts = useTexts();
  const [chosen, setChosen] = useState<boolean | undefined>(undefined);
  const asList = chosen ?? build.stages.length > GRAPH_STAGES;
  const leaves = build.stages.filter((stage) => !build.stages.some((other) => other.parent === stage.path));
  const done = leaves.filter((stage) => stage.state === "succeeded" || stage.state === "unstable").length;
  const current = build.stages.find((stage) =>
    stage.steps.some((step) => step.n === props.currentStep),
  )?.path;
  const linkOf = (stage: Stage): string | undefined => {
    const step = stepOfStage(stage, build.stages);
    return step === undefined ? undefined : links.step(build.project, build.number, step.n);
  };
  const none = build.stages.length === 0;
  const note = !none
    ? texts.build.stagesDone(done, leaves.length)
    : build.steps.length === 0
      ? texts.build.noStages
      : texts.build.stageless;
  return (
    <Card
      id="pl"
      className={none ? "bare" : ""}
      title={texts.build.pipeline}
      note={note}
      aside={
        none ? undefined : (
          <>
            <button type="button" className="tg" aria-pressed={!asList} onClick={() => setChosen(false)}>
              {texts.build.graph}
            </button>
            <button type="button" className="tg" aria-pressed={asList} onClick={() => setChosen(true)}>
              {texts.build.list}
            </button>
          </>
        )
      }
    >
      {none ? null : asList ? (
        <div className="pad stages">
          <StageList build={build} parent={null} />
        </div>
      ) : (
        <Graph stages={build.stages} current={current} linkOf={linkOf} />
      )}
    </Card>
  );
}

function Waits(props: { readonly build: Build }) {
  const { build } = props;
  const { texts, language } = useSpeech();
  const nowMs = useNow();
  const others = build.waits.filter((wait) => wait.gate === null && wait.cause !== APPROVAL);
  if (others.length === 0) return null;
  return (
    <Card id="wa" title={texts.build.waitsTitle}>
      <ul className="rows">
        {others.map((wait) => (
          <li key={`${wait.cause}.${wait.sinceAtMs}`}>
            <Icon name="queued" tone="queued" />
            <span>
              {wait.text}
              <span className="meta block">{texts.build.canEnd(wait.endedBy)}</span>
            </span>
            <span className="far m">
              {texts.build.waitSince(formatDuration(nowMs - wait.sinceAtMs, language))}
              {wait.untilAtMs === null ? null : (
                <>
                  {" · "}
                  <Moment atMs={wait.untilAtMs} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Diagnostics(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  if (build.diagnostics.length === 0) return null;
  return (
    <Card id="di" title={texts.build.diagnostics} className={build.reason?.fault === "file" ? "fc" : ""}>
      <ol className="rows">
        {build.diagnostics.map((found, index) => (
          <li key={index}>
            <Icon name="unstable" tone="unstable" />
            <span>
              <code>
                Jenkinsfile:{found.line}:{found.column}
              </code>{" "}
              {found.message}
              {found.hint === null ? null : <span className="meta block">{found.hint}</span>}
            </span>
            <code className="far m">{found.code}</code>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Notices(props: { readonly build: Build }) {
  const texts = useTexts();
  if (props.build.notices.length === 0) return null;
  return (
    <Card id="no" title={texts.build.notices}>
      <ul className="rows">
        {props.build.notices.map((notice, index) => (
          <li key={index}>
            <span>{notice.text}</span>
            <span className="far m">
              <Moment atMs={notice.atMs} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function LogTab(props: { readonly build: Build; readonly wantedStep: number | undefined }) {
  const { build, wantedStep } = props;
  const texts = useTexts();
  const chosen = wantedStep === undefined ? undefined : allSteps(build).find((step) => step.n === wantedStep);
  const step = chosen ?? stepToOpen(build);
  const waits = build.waits.flatMap((wait) => (wait.gate === null ? [] : [wait.gate]));
  const gates = isOpen(build) ? [...new Set(waits)] : [];
  return (
    <div className="stack12">
      {build.trust === "untrusted" ? <Note kind="info">{texts.build.untrustedNote}</Note> : null}
      <ApprovalCard build={build} />
      {gates.map((gate) => (
        <GateOnBuild key={gate} id={gate} />
      ))}
      <FailureCard build={build} />
      <Diagnostics build={build} />
      <Waits build={build} />
      <Notices build={build} />
      <Pipeline build={build} currentStep={step?.n} />
      <Work build={build} step={step} chosenByReader={chosen !== undefined} />
      <p className="meta">
        <a href={`/api/v1/builds/${build.id}/console`} className="un">
          {texts.build.console}
        </a>
      </p>
    </div>
  );
}

function Sentence(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  const leaves = build.stages.filter((stage) => !build.stages.some((other) => other.parent === stage.path));
  const done = leaves.filter((stage) => stage.state === "succeeded" || stage.state === "unstable").length;
  const where = [build.failure?.stage, build.failure?.label]
    .filter((part) => typeof part === "string")
    .join(", ");
  const text =
    build.state === "failed" && where !== ""
      ? texts.build.sentence.failed(where, done, leaves.length)
      : texts.build.sentence.other(texts.state.build[build.state], done, leaves.length);
  return (
    <p className="vh" role="status" aria-live="polite">
      {text}
    </p>
  );
}

const MARKS = {
  queued: "○",
  running: "●",
  waiting: "◆",
  succeeded: "✓",
  unstable: "▲",
  failed: "✗",
  aborted: "⊘",
  not_built: "–",
} as const;

/** The page of one build. */
export function BuildPage(props: {
  readonly project: string;
  readonly number: number;
  readonly tab: string;
  readonly step: number | undefined;
}) {
  const texts = useTexts();
  const path = `/projects/${encodeURIComponent(props.project)}/builds/${props.number}`;
  const [id, setId] = useState<number | undefined>(undefined);
  const loaded = useAnswer<"projectBuild">(
    path,
    (event) => event.build === id || event.type === "deployment.changed",
  );
  const build = loaded.value;
  if (build !== undefined && build.id !== id) setId(build.id);
  useTitle(
    build === undefined
      ? `${props.project} #${props.number}`
      : `#${build.number} ${texts.state.build[build.state]} · ${build.project}`,
    build === undefined ? "" : MARKS[build.state],
  );
  return (
    <Show of={loaded} rows={8}>
      {(value) => (
        <>
          <Sentence build={value} />
          <BuildHead build={value} tab={props.tab} />
          {props.tab === "log" ? <LogTab build={value} wantedStep={props.step} /> : null}
          {props.tab === "tests" ? <TestsTab build={value} /> : null}
          {props.tab === "changes" ? <ChangesTab build={value} /> : null}
          {props.tab === "artifacts" ? <ArtifactsTab build={value} /> : null}
          {props.tab === "parameters" ? <ParametersTab build={value} /> : null}
        </>
      )}
    </Show>
  );
}
