import { useEffect, useRef } from "react";
import type { Build, Stage, Step } from "../../../../server/http/contract/builds.ts";
import { useTexts } from "../../app/context.tsx";
import { parseLineRange, type LineRange } from "../../log/line-range.ts";
import { LogView } from "../../log/log-view.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Note } from "../../parts/small.tsx";
import { Took } from "../../parts/time.tsx";
import { stageLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link, usePlace } from "../../routing/location.tsx";
import { allSteps, wordsOf } from "./step-to-open.ts";
import { useArrival } from "./use-arrival.ts";

function StepLink(props: { readonly build: Build; readonly step: Step; readonly current: boolean }) {
  const { build, step } = props;
  const texts = useTexts();
  const look = stageLook(step.state);
  return (
    <li>
      <Link
        to={links.step(build.project, build.number, step.n)}
        className={step.state === "failed" ? "bad" : ""}
        current={props.current ? "true" : undefined}
      >
        <Icon
          name={look.icon}
          tone={look.tone}
          label={texts.state.stage[step.state]}
          spin={step.state === "running"}
        />
        <code>{wordsOf(step)}</code>
        <span className="d">
          <Took startedAtMs={step.startedAtMs} endedAtMs={step.endedAtMs} />
        </span>
      </Link>
    </li>
  );
}

function StageSteps(props: {
  readonly build: Build;
  readonly stage: Stage;
  readonly current: number | undefined;
}) {
  const { build, stage } = props;
  const texts = useTexts();
  const look = stageLook(stage.state);
  const open =
    stage.steps.some((step) => step.n === props.current) ||
    stage.state === "running" ||
    stage.state === "failed";
  const parent = build.stages.find((other) => other.path === stage.parent);
  return (
    <details open={open}>
      <summary>
        <Icon
          name={look.icon}
          tone={look.tone}
          label={texts.state.stage[stage.state]}
          spin={stage.state === "running"}
        />
        {parent === undefined ? stage.name : `${parent.name} · ${stage.name}`}
        <span className="far">
          <Took startedAtMs={stage.startedAtMs} endedAtMs={stage.endedAtMs} />
        </span>
      </summary>
      <ol>
        {stage.steps.map((step) => (
          <StepLink key={step.n} build={build} step={step} current={step.n === props.current} />
        ))}
      </ol>
    </details>
  );
}

/** The steps of a build beside the log of the chosen one. */
export function Work(props: {
  readonly build: Build;
  readonly step: Step | undefined;
  readonly chosenByReader: boolean;
}) {
  const { build, step } = props;
  const texts = useTexts();
  const { address, go } = usePlace();
  const element = useRef<HTMLElement>(null);
  const chosen = parseLineRange(address.hash);
  const stepNumber = step?.n;
  // A link to a line brings the log into view at once, on a cold browser too.
  useArrival(element, chosen !== undefined);
  // With hundreds of steps the current one may lie below the edge of its list; only the list is moved, not the page.
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = list.current?.querySelector("[aria-current]")?.getBoundingClientRect();
    const view = list.current?.getBoundingClientRect();
    if (list.current === null || box === undefined || view === undefined) return;
    if (box.top < view.top || box.bottom > view.bottom)
      list.current.scrollTop += box.top - view.top - view.height / 2;
  }, [stepNumber]);
  const failing = build.failure?.step === stepNumber ? (build.failure?.line ?? undefined) : undefined;
  const running = allSteps(build).findLast((other) => other.state === "running" && other.endedAtMs === null);
  const choose = (range: LineRange | undefined): void => {
    if (stepNumber !== undefined) go(links.step(build.project, build.number, stepNumber, range), "replace");
  };
  const stages = build.stages.filter((stage) => stage.steps.length > 0);
  if (stages.length === 0 && build.steps.length === 0) {
    return (
      <section className="card" aria-label={texts.build.stepsAndLog}>
        <Empty>{texts.build.noSteps}</Empty>
      </section>
    );
  }
  return (
    <section className="card work" aria-label={texts.build.stepsAndLog} ref={element}>
      <div className="steps" ref={list}>
        <h2 className="vh">{texts.build.steps}</h2>
        {build.steps.length === 0 ? null : (
          <details open={stages.length === 0 || build.steps.some((other) => other.n === stepNumber)}>
            <summary>{texts.build.otherSteps}</summary>
            <ol>
              {build.steps.map((other) => (
                <StepLink key={other.n} build={build} step={other} current={other.n === stepNumber} />
              ))}
            </ol>
          </details>
        )}
        {stages.map((stage) => (
          <StageSteps key={stage.path} build={build} stage={stage} current={stepNumber} />
        ))}
      </div>
      <div className="lv-col">
        {props.chosenByReader && running !== undefined && running.n !== stepNumber ? (
          <Note kind="info" icon="running">
            <Link to={links.step(build.project, build.number, running.n)}>
              {texts.build.nowRunning(wordsOf(running))}
            </Link>
          </Note>
        ) : null}
        {step === undefined ? (
          <Empty>{texts.build.noLog}</Empty>
        ) : (
          <LogView
            key={`${build.id}.${step.n}`}
            build={build.id}
            step={step.n}
            label={wordsOf(step)}
            growing={step.startedAtMs !== null && step.endedAtMs === null}
            failing={failing}
            chosen={chosen}
            choose={choose}
          />
        )}
      </div>
    </section>
  );
}
