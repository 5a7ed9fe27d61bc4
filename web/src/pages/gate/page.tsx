import { useEffect, useRef, useState } from "react";
import type { Plan } from "../../../../server/http/contract/deployments.ts";
import type { Gate } from "../../../../server/http/contract/gates.ts";
import { useNow, useSpeech, useTexts } from "../../app/context.tsx";
import { useTitle } from "../../app/title.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { formatDuration } from "../../format/duration.ts";
import { formatExact } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, Empty, Note, Person, Sha } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";
import { gateLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";
import { Decision } from "./decision.tsx";
import { questionOf } from "./on-build.tsx";
import { PlanTable } from "./plan.tsx";

const COMMITS_SHOWN = 5;

function GateHead(props: { readonly gate: Gate }) {
  const { gate } = props;
  const { texts, language } = useSpeech();
  const nowMs = useNow();
  const look = gateLook(gate.state);
  return (
    <>
      <p className="crumb">
        <Link to={links.gates}>{texts.nav.waiting}</Link> / <span>{texts.gate.crumb(gate.id)}</span>
      </p>
      <div className="gh">
        <h1>
          <Icon name={look.icon} tone={look.tone} label={texts.state.gate[gate.state]} />
          <span>{questionOf(gate, texts)}</span>
        </h1>
        <p className="m">
          {gate.build === null ? null : (
            <>
              {texts.gate.askedBy}{" "}
              <Link to={gate.build.path}>
                {gate.project} #{gate.build.number}
              </Link>{" "}
              <code>{gate.build.ref}</code>{" "}
            </>
          )}
          {gate.askedBy === null ? null : <Person name={gate.askedBy.name} />}
          {gate.state === "open" ? (
            <span className="sep">{texts.gate.waits(formatDuration(nowMs - gate.openedAtMs, language))}</span>
          ) : null}
          {gate.dueAtMs !== null && gate.state === "open" ? (
            <span className="sep">
              {texts.gate.expires("")}
              <Moment atMs={gate.dueAtMs} />
            </span>
          ) : null}
          {gate.stage === null ? null : <span className="sep">{texts.gate.stageQuestion(gate.stage)}</span>}
        </p>
      </div>
      {gate.frozenUntilAtMs === null ? null : (
        <Note kind="warn" icon="snow" className="fz">
          {texts.gate.frozen(formatExact(gate.frozenUntilAtMs, language))}
        </Note>
      )}
    </>
  );
}

function Commits(props: { readonly plan: Plan }) {
  const { plan } = props;
  const texts = useTexts();
  const [all, setAll] = useState(false);
  const shown = all ? plan.commits : plan.commits.slice(0, COMMITS_SHOWN);
  const hidden = plan.commits.length - shown.length;
  return (
    <section className="card" aria-labelledby="cm">
      <div className="hd">
        <h2 id="cm">{texts.gate.commits}</h2>
        <span className="n">{plan.commits.length}</span>
      </div>
      {plan.commits.length === 0 ? (
        <Empty>{plan.liveRelease === null ? texts.gate.nothingToCompare : texts.gate.noCommits}</Empty>
      ) : null}
      <ul className="cmt">
        {shown.map((commit) => (
          <li key={commit.sha}>
            <span className="subj">{commit.title}</span>
            <span>
              <Sha sha={commit.sha} />
            </span>
            <Person name={commit.author} />
          </li>
        ))}
      </ul>
      {hidden === 0 ? null : (
        <button type="button" className="more" onClick={() => setAll(true)}>
          <Icon name="down" />
          {texts.gate.moreCommits(hidden)}
        </button>
      )}
    </section>
  );
}

function Evidence(props: { readonly gate: Gate; readonly plan: Plan }) {
  const { plan, gate } = props;
  const texts = useTexts();
  const { tests } = plan;
  return (
    <section className="card" aria-labelledby="ev">
      <div className="hd">
        <h2 id="ev">{texts.gate.evidence}</h2>
      </div>
      <ul className="ev">
        <li>
          {tests === null ? (
            <Icon name="unstable" tone="unstable" label={texts.gate.warnings} />
          ) : (
            <Icon
              name={tests.failed === 0 ? "succeeded" : "failed"}
              tone={tests.failed === 0 ? "succeeded" : "failed"}
              label={tests.failed === 0 ? texts.state.build.succeeded : texts.state.build.failed}
            />
          )}
          <span>
            {tests === null ? texts.gate.noTests : texts.gate.testsPassed(tests.passed, tests.failed)}
          </span>
        </li>
        {gate.build === null ? null : (
          <li>
            <Icon name="flag" tone="aborted" />
            <span>
              {texts.gate.builtBy}{" "}
              <Link to={gate.build.path}>
                {gate.project} #{gate.build.number}
              </Link>
            </span>
          </li>
        )}
        <li>
          <Icon name="d-succeeded" tone="succeeded" />
          <span>{texts.gate.byDigest}</span>
        </li>
      </ul>
    </section>
  );
}

function Order(props: { readonly plan: Plan }) {
  const { plan } = props;
  const texts = useTexts();
  return (
    <section className="card" aria-labelledby="or">
      <div className="hd">
        <h2 id="or">{texts.gate.order}</h2>
      </div>
      <ol className="or">
        {plan.order.map((wave, index) => (
          <li key={index}>
            <b>{wave.join(", ")}</b>
            <span>
              {plan.targets
                .filter((target) => wave.includes(target.target) && target.replicas !== null)
                .map((target) => texts.gate.replicas(target.replicas ?? 0))
                .join(", ")}
            </span>
            <span className="m">
              {plan.targets
                .filter((target) => wave.includes(target.target))
                .map((target) => target.kind)
                .join(", ")}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Ends(props: { readonly gate: Gate; readonly plan: Plan }) {
  const { plan, gate } = props;
  const texts = useTexts();
  return (
    <div className="ends">
      <p>
        <span className="meta">{texts.gate.liveNow}</span>
        <b>
          {plan.liveRelease === null ? texts.gate.nothingLive : texts.gate.release(plan.liveRelease)}
        </b>{" "}
        {plan.liveBuild === null ? null : (
          <Link to={links.build(gate.project, plan.liveBuild.number)}>#{plan.liveBuild.number}</Link>
        )}
      </p>
      <p>
        <span className="meta">{texts.gate.after}</span>
        {gate.build === null ? (
          gate.message
        ) : (
          <>
            <b>{gate.build.ref}</b> <span className="m">#{gate.build.number}</span>
          </>
        )}
      </p>
    </div>
  );
}

/** Whether an element has been on screen, once: small screens open "Deploy" only then. */
function useSeen() {
  const end = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = end.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { end, seen };
}

function GateBody(props: { readonly gate: Gate; readonly put: (gate: Gate) => void }) {
  const { gate } = props;
  const texts = useTexts();
  const { end, seen } = useSeen();
  const { plan } = gate;
  // What is live is told as of now: beside a decision of yesterday it would be read as what was live then.
  const isOpen = gate.state === "open";
  return (
    <>
      <GateHead gate={gate} />
      <div className="cols gcols">
        <div className="stack12 gmain">
          {plan === null ? (
            <section className="card" aria-label={texts.gate.changes(gate.project)}>
              {questionOf(gate, texts) === gate.message ? null : <p className="pad">{gate.message}</p>}
              <p className="pad m">{gate.kind === "deploy" ? texts.gate.computing : texts.gate.noPlan}</p>
            </section>
          ) : (
            <Card id="pl" title={texts.gate.changes(plan.environment)}>
              {isOpen ? <Ends gate={gate} plan={plan} /> : null}
              <PlanTable plan={plan} />
            </Card>
          )}
          <div ref={end} />
          {plan === null ? null : (
            <>
              {isOpen && !(plan.goesBack && plan.commits.length === 0) ? <Commits plan={plan} /> : null}
              <div className="two">
                <Evidence gate={gate} plan={plan} />
                <Order plan={plan} />
              </div>
            </>
          )}
        </div>
        <Decision gate={gate} put={props.put} docked={{ seen }} />
      </div>
    </>
  );
}

/** One gate: what will change, before it is asked; the address that mails and chats lead to. */
export function GatePage(props: { readonly id: number }) {
  const texts = useTexts();
  const gate = useAnswer<"gate">(
    `/gates/${props.id}`,
    (event) =>
      (event.type === "gate.changed" && event.id === props.id) || event.type === "deployment.changed",
  );
  useTitle(gate.value === undefined ? texts.gate.crumb(props.id) : questionOf(gate.value, texts), "◆");
  return <Show of={gate}>{(value) => <GateBody gate={value} put={gate.put} />}</Show>;
}
