import { useState } from "react";
import type {
  Deployment,
  DeploymentTarget,
  ResolveRequest,
} from "../../../server/http/contract/deployments.ts";
import { useApi, useMe, useStale, useTexts } from "../app/context.tsx";
import { useAct } from "../app/use-act.ts";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { formatClock } from "../format/time.ts";
import { Dialog, DialogActs } from "../parts/dialog.tsx";
import { ActError, Field } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { Show } from "../parts/loading.tsx";
import { Card, Empty, Note, Person, Pill } from "../parts/small.tsx";
import { Moment, Took } from "../parts/time.tsx";
import { deploymentLook } from "../parts/tone.ts";
import { links } from "../routing/links.ts";
import { Link } from "../routing/location.tsx";
import { PlanTable } from "./gate/plan.tsx";

const MAX_UNITS = 24;

/** One square per unit: filled is ready, striped is starting, crossed is failing. */
function Replicas(props: { readonly target: DeploymentTarget }) {
  const { target } = props;
  const texts = useTexts();
  if (target.ready === null || target.wanted === null) return null;
  const failing = Math.min(
    target.units.filter((unit) => unit.error !== null).length,
    Math.max(0, target.wanted - target.ready),
  );
  const starting = Math.max(0, target.wanted - target.ready - failing);
  const squares = [
    ...Array.from({ length: target.ready }, () => ""),
    ...Array.from({ length: starting }, () => "st"),
    ...Array.from({ length: failing }, () => "ko"),
  ].slice(0, MAX_UNITS);
  return (
    <div className="wp">
      <span className="reps" role="img" aria-label={texts.deployment.ready(target.ready, target.wanted)}>
        {squares.map((kind, index) => (
          <i key={index} className={kind} />
        ))}
      </span>
      <span>{texts.deployment.readyShort(target.ready, target.wanted)}</span>
    </div>
  );
}

const RUNNING = new Set(["applying", "verifying", "rolling_back"]);

function Target(props: { readonly target: DeploymentTarget }) {
  const { target } = props;
  const texts = useTexts();
  const look = deploymentLook(target.state);
  const kind = RUNNING.has(target.state) ? "cur" : target.state === "pending" ? "nxt" : "";
  return (
    <li className={kind}>
      <span className="wn">{target.wave + 1}</span>
      <div className="wt">
        <b>{target.target}</b> <span className="m">{target.kind}</span>
      </div>
      <Replicas target={target} />
      <div className="ws">
        <Pill look={look}>{texts.state.deployment[target.state]}</Pill>
      </div>
      <span className="meta">
        <Took startedAtMs={target.startedAtMs} endedAtMs={target.endedAtMs} />
      </span>
      <div className="canary">
        {target.message === null ? null : <span className="msg">{target.message}</span>}
        {target.reason === null ? null : <span className="bad-ink">{target.reason.text}</span>}
        {target.units
          .filter((unit) => unit.error !== null)
          .map((unit) => (
            <code key={unit.id} className="bad-ink">
              {unit.id}
              {unit.node === null ? "" : ` (${unit.node})`}: {unit.error}
            </code>
          ))}
        {target.deadlineAtMs === null || target.endedAtMs !== null ? null : (
          <span className="meta">
            {texts.deployment.deadline("")}
            <Moment atMs={target.deadlineAtMs} />
          </span>
        )}
      </div>
    </li>
  );
}

function Resolve(props: {
  readonly deployment: Deployment;
  readonly as: "succeeded" | "failed" | "roll_back";
  readonly put: (deployment: Deployment) => void;
  readonly close: () => void;
}) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [reason, setReason] = useState("");
  const rollingBack = props.as === "roll_back";
  const resolve = (): Promise<void> =>
    act.run(async () => {
      const request: ResolveRequest = {
        as: props.as,
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      };
      props.put(
        await api.send<"resolveDeployment">("POST", `/deployments/${props.deployment.id}/resolve`, request),
      );
      props.close();
    });
  return (
    <Dialog
      title={rollingBack ? texts.deployment.rollBackTitle : texts.deployment.resolveTitle}
      close={props.close}
    >
      <p>{rollingBack ? texts.deployment.rollBackText : texts.deployment.resolveText}</p>
      <ActError act={act} />
      <Field label={texts.deployment.reason} value={reason} change={setReason} rows={2} focus />
      <DialogActs close={props.close}>
        <button
          type="button"
          className="btn kill"
          disabled={act.busy || stale !== undefined}
          onClick={() => void resolve()}
        >
          {act.busy
            ? texts.common.sending
            : rollingBack
              ? texts.deployment.rollBackButton
              : texts.deployment.resolveButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

function Acts(props: { readonly deployment: Deployment; readonly put: (deployment: Deployment) => void }) {
  const { deployment, put } = props;
  const texts = useTexts();
  const me = useMe();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [asking, setAsking] = useState<"succeeded" | "failed" | "roll_back" | undefined>(undefined);
  if (me.role !== "deployer" && me.role !== "admin") return null;
  const look = (): Promise<void> =>
    act.run(async () =>
      put(
        await api.send<"resolveDeployment">("POST", `/deployments/${deployment.id}/resolve`, { as: "look" }),
      ),
    );
  const canRollBack = ["applying", "verifying", "failed", "unknown"].includes(deployment.state);
  return (
    <span className="acts">
      <ActError act={act} />
      {deployment.state === "unknown" ? (
        <>
          <button
            type="button"
            className="btn sm"
            disabled={act.busy || stale !== undefined}
            onClick={() => void look()}
          >
            {act.busy ? texts.common.sending : texts.deployment.look}
          </button>
          <button type="button" className="btn sm" onClick={() => setAsking("succeeded")}>
            {texts.deployment.stateSucceeded}
          </button>
          <button type="button" className="btn sm" onClick={() => setAsking("failed")}>
            {texts.deployment.stateFailed}
          </button>
        </>
      ) : null}
      {canRollBack ? (
        <button type="button" className="btn sm no" onClick={() => setAsking("roll_back")}>
          {texts.deployment.rollBackNow}
        </button>
      ) : null}
      {asking === undefined ? null : (
        <Resolve deployment={deployment} as={asking} put={put} close={() => setAsking(undefined)} />
      )}
    </span>
  );
}

function Journal(props: { readonly deployment: Deployment }) {
  const texts = useTexts();
  const lines = props.deployment.targets
    .flatMap((target) => target.journal.map((line) => ({ ...line, target: target.target })))
    .toSorted((a, b) => b.atMs - a.atMs);
  return (
    <Card id="jo" title={texts.deployment.journal}>
      {lines.length === 0 ? (
        <Empty>{texts.deployment.noJournal}</Empty>
      ) : (
        <ol className="tl">
          {lines.map((line, index) => (
            <li key={index}>
              <time dateTime={new Date(line.atMs).toISOString()}>{formatClock(line.atMs)}</time>
              <span>
                {line.target}: {line.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function DeploymentBody(props: {
  readonly deployment: Deployment;
  readonly put: (deployment: Deployment) => void;
}) {
  const { deployment, put } = props;
  const texts = useTexts();
  const look = deploymentLook(deployment.state);
  const what =
    deployment.build?.ref ??
    (deployment.kind === "rollback" ? texts.deployment.rollback : texts.deployment.number(deployment.id));
  return (
    <>
      <p className="crumb">
        <Link to={links.environments}>{texts.environments.title}</Link> /{" "}
        <Link to={links.environment(deployment.environment)}>{deployment.environment}</Link> /{" "}
        <span>{texts.deployment.number(deployment.id)}</span>
      </p>
      <div className="gh">
        <h1>
          <Icon name={look.icon} tone={look.tone} label={texts.state.deployment[deployment.state]} />
          <span>{texts.deployment.title(deployment.project, what, deployment.environment)}</span>
        </h1>
        <p className="m">
          <Moment atMs={deployment.createdAtMs} />
          {deployment.release === null ? null : (
            <span className="sep">{texts.deployment.release(deployment.release)}</span>
          )}
          {deployment.approvedBy === null ? null : (
            <span className="sep">
              <Person name={deployment.approvedBy} />
            </span>
          )}
          {deployment.gate === null ? null : (
            <span className="sep">
              <Link to={links.gate(deployment.gate)}>{texts.gate.crumb(deployment.gate)}</Link>
            </span>
          )}
          {deployment.build === null ? null : (
            <span className="sep">
              <Link to={deployment.build.path}>
                {texts.deployment.build} #{deployment.build.number}
              </Link>
            </span>
          )}
        </p>
      </div>
      <div className="stack12">
        {deployment.state === "unknown" ? <Note kind="warn">{texts.deployment.unknownText}</Note> : null}
        {deployment.reason === null ? null : (
          <Note kind={deployment.state === "failed" ? "bad" : "warn"}>{deployment.reason.text}</Note>
        )}
        {deployment.waits.map((wait) => (
          <Note key={`${wait.cause}.${wait.sinceAtMs}`} kind="wait">
            {wait.text} <span className="meta block">{texts.build.canEnd(wait.endedBy)}</span>
            {wait.gate === null ? null : <Link to={links.gate(wait.gate)}>{texts.build.openGate}</Link>}
          </Note>
        ))}
        <section className="card dp" aria-labelledby="ta">
          <div className="hd">
            <h2 id="ta">{texts.deployment.targets}</h2>
            <Pill look={look}>{texts.state.deployment[deployment.state]}</Pill>
            <span className="far">
              <Acts deployment={deployment} put={put} />
            </span>
          </div>
          {deployment.targets.length === 0 ? <Empty>{texts.deployment.none}</Empty> : null}
          <ol className="waves">
            {deployment.targets.map((target) => (
              <Target key={target.id} target={target} />
            ))}
          </ol>
          {deployment.next === null ? null : (
            <p className="key meta">
              <span>
                {texts.deployment.next}: {deployment.next}
              </span>
            </p>
          )}
        </section>
        <Journal deployment={deployment} />
        {deployment.plan === null ? null : (
          <Card id="pl" title={texts.gate.changes(deployment.environment)}>
            <PlanTable plan={deployment.plan} />
          </Card>
        )}
      </div>
    </>
  );
}

/** One deployment: every target as it goes out, what the server does next, and how it ended. */
export function DeploymentPage(props: { readonly id: number }) {
  const texts = useTexts();
  const loaded = useAnswer<"deployment">(
    `/deployments/${props.id}`,
    (event) => event.type === "deployment.changed" && (event.id === null || event.id === props.id),
  );
  useTitle(
    loaded.value === undefined
      ? texts.deployment.number(props.id)
      : `${texts.state.deployment[loaded.value.state]} · ${loaded.value.project} · ${loaded.value.environment}`,
  );
  return <Show of={loaded}>{(value) => <DeploymentBody deployment={value} put={loaded.put} />}</Show>;
}
