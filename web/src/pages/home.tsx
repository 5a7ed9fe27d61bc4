import type { BuildSummary } from "../../../server/http/contract/builds.ts";
import type { DeploymentSummary } from "../../../server/http/contract/deployments.ts";
import type { GateSummary } from "../../../server/http/contract/gates.ts";
import type { Answer } from "../../../server/http/contract.ts";
import { useNow, useSpeech, useTexts } from "../app/context.tsx";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { formatDuration } from "../format/duration.ts";
import { BuildIcon, BuildsByProject } from "../parts/build-row.tsx";
import { Icon } from "../parts/icon.tsx";
import { Show } from "../parts/loading.tsx";
import { Empty, Note, Person } from "../parts/small.tsx";
import { StageBar } from "../parts/stage-bar.tsx";
import { Moment, Took } from "../parts/time.tsx";
import { deploymentLook, gateLook } from "../parts/tone.ts";
import { links } from "../routing/links.ts";
import { Link } from "../routing/location.tsx";
import { FirstRun } from "./first-run.tsx";

/** What a gate asks for, in one line. */
export function gateTitle(gate: GateSummary): string {
  const what = gate.build === null ? gate.project : `${gate.project} ${gate.build.ref}`;
  return gate.environment === null ? `${what}: ${gate.message}` : `${what} → ${gate.environment}`;
}

/** A gate in a list, with who may decide and until when. */
export function GateRow(props: { readonly gate: GateSummary }) {
  const { gate } = props;
  const { texts, language } = useSpeech();
  const nowMs = useNow();
  const look = gateLook(gate.state);
  const title = gateTitle(gate);
  return (
    <li>
      <Icon name={look.icon} tone={look.tone} label={texts.state.gate[gate.state]} />
      <div>
        <Link to={links.gate(gate.id)} className="tt">
          <b>{title}</b>
        </Link>
        <p className="m">{gate.whyNot ?? gate.message}</p>
      </div>
      <p className="what">
        {gate.askedBy === null ? null : texts.home.asked(gate.askedBy.name)}
        <br />
        {gate.build === null ? null : (
          <Link to={gate.build.path}>
            {gate.project} #{gate.build.number}
          </Link>
        )}
      </p>
      <p className="till">
        {texts.home.waits(formatDuration(nowMs - gate.openedAtMs, language))}
        <br />
        {gate.dueAtMs === null ? null : (
          <span className="m">
            <Moment atMs={gate.dueAtMs} />
          </span>
        )}
      </p>
      <Link to={links.gate(gate.id)} className="btn" label={texts.home.reviewWhat(title)}>
        {texts.home.review}
      </Link>
    </li>
  );
}

function FailingRow(props: { readonly build: BuildSummary }) {
  const { build } = props;
  const texts = useTexts();
  const broken = build.stages.findLast((stage) => stage.state === "failed")?.name;
  return (
    <li>
      <BuildIcon build={build} />
      <div>
        <Link to={build.path} className="tt">
          <b>{build.project}</b> {build.ref.name}
          {broken === undefined ? "" : ` · ${broken}`}
        </Link>
        <p className="mono ex">{build.reason?.text}</p>
      </div>
      <p className="what">
        #{build.number}, <Moment atMs={build.endedAtMs ?? build.createdAtMs} />
        <br />
        <span className="m">{build.title}</span>
      </p>
      <p className="till">
        {build.reason === null ? null : texts.faultShort[build.reason.fault]}
        <br />
        <Person name={build.author.name} />
      </p>
      <Link to={build.path} className="btn" label={texts.home.openBuild(`${build.project} #${build.number}`)}>
        {texts.home.open}
      </Link>
    </li>
  );
}

function RunningRow(props: { readonly build: BuildSummary }) {
  const { build } = props;
  const stage = build.stages.find((cell) => cell.state === "running" || cell.state === "waiting");
  return (
    <li>
      <p>
        <BuildIcon build={build} />
        <Link to={build.path}>
          <b>{build.project}</b> {build.ref.name} #{build.number}
        </Link>
        <span className="far m">
          <Took startedAtMs={build.startedAtMs ?? build.createdAtMs} endedAtMs={build.endedAtMs} />
        </span>
      </p>
      {build.stages.length === 0 ? null : (
        <div className="now-bar">
          <StageBar stages={build.stages} />
        </div>
      )}
      {stage === undefined ? null : <div className="why">{stage.name}</div>}
      {build.waits.map((wait) => (
        <div key={`${wait.cause}${wait.sinceAtMs}`} className="why">
          {wait.text}
        </div>
      ))}
    </li>
  );
}

/** A deployment in a list of what was just deployed. */
export function DeployedRow(props: { readonly deployment: DeploymentSummary }) {
  const { deployment } = props;
  const texts = useTexts();
  const look = deploymentLook(deployment.state);
  const what =
    deployment.build?.ref ??
    (deployment.release === null ? "" : texts.deployment.release(deployment.release));
  return (
    <li>
      <p>
        <Icon name={look.icon} tone={look.tone} label={texts.state.deployment[deployment.state]} />
        <Link to={links.deployment(deployment.id)}>
          <b>{deployment.project}</b> {texts.deployment.title("", what, deployment.environment).trim()}
        </Link>
        <span className="far m">
          <Moment atMs={deployment.endedAtMs ?? deployment.createdAtMs} />
        </span>
      </p>
      <p className="meta">
        {texts.state.deployment[deployment.state]}
        {deployment.approvedBy === null ? null : <> · {texts.deployment.approvedBy(deployment.approvedBy)}</>}
        {deployment.reason === null ? null : <span className="block">{deployment.reason.text}</span>}
      </p>
    </li>
  );
}

function HomeParts(props: { readonly home: Answer<"home"> }) {
  const { home } = props;
  const texts = useTexts();
  const mine = home.waiting.filter((gate) => gate.mayDecide);
  const others = home.waiting.filter((gate) => !gate.mayDecide);
  const running = home.running.filter((build) => build.state !== "queued");
  const queued = home.running.filter((build) => build.state === "queued");
  return (
    <div className="cols home">
      <div className="stack">
        {home.deadNotifications === 0 ? null : (
          <Note
            kind="warn"
            acts={<Link to={links.setting("notifications")}>{texts.home.seeNotifications}</Link>}
          >
            {texts.home.deadMessages(home.deadNotifications)}
          </Note>
        )}
        <section aria-labelledby="w">
          <div className="sec">
            <h2 id="w">{texts.home.waitingForYou}</h2>
            {mine.length === 0 ? null : <span className="n w">{mine.length}</span>}
            <Link className="far" to={links.gates}>
              {texts.home.allGates}
            </Link>
          </div>
          {mine.length === 0 ? (
            <div className="card">
              <Empty>{texts.home.nothingWaits}</Empty>
            </div>
          ) : (
            <ul className="card ask">
              {mine.map((gate) => (
                <GateRow key={gate.id} gate={gate} />
              ))}
            </ul>
          )}
        </section>
        {others.length === 0 ? null : (
          <section aria-labelledby="wo">
            <div className="sec">
              <h2 id="wo">{texts.home.waitingOthers}</h2>
              <span className="n">{others.length}</span>
            </div>
            <ul className="card ask">
              {others.map((gate) => (
                <GateRow key={gate.id} gate={gate} />
              ))}
            </ul>
          </section>
        )}
        {home.failing.length === 0 ? null : (
          <section aria-labelledby="f">
            <div className="sec">
              <h2 id="f">{texts.home.failing}</h2>
              <span className="n f">{home.failing.length}</span>
            </div>
            <ul className="card ask fail">
              {home.failing.map((build) => (
                <FailingRow key={build.id} build={build} />
              ))}
            </ul>
          </section>
        )}
        <section aria-labelledby="p">
          <div className="sec">
            <h2 id="p">{texts.home.recent}</h2>
            <Link className="far" to={links.builds}>
              {texts.home.allBuilds}
            </Link>
          </div>
          {home.recent.length === 0 ? (
            <div className="card">
              <Empty>{texts.home.nothingRecent}</Empty>
            </div>
          ) : (
            <BuildsByProject builds={home.recent} />
          )}
        </section>
      </div>
      <aside className="stack" aria-label={texts.common.now}>
        <section aria-labelledby="r">
          <div className="sec">
            <h2 id="r">{texts.home.running}</h2>
            <span className="n">{running.length}</span>
            <Link className="far" to={links.processes}>
              {texts.nav.processes}
            </Link>
          </div>
          <ul className="card now">
            {running.length === 0 ? <li className="m">{texts.home.nothingRuns}</li> : null}
            {running.map((build) => (
              <RunningRow key={build.id} build={build} />
            ))}
          </ul>
        </section>
        <section aria-labelledby="q">
          <div className="sec">
            <h2 id="q">{texts.home.queue}</h2>
            <span className="n">{queued.length}</span>
          </div>
          <ol className="card now q">
            {queued.length === 0 ? <li className="m">{texts.home.nothingQueued}</li> : null}
            {queued.map((build) => (
              <RunningRow key={build.id} build={build} />
            ))}
          </ol>
        </section>
        <section aria-labelledby="d">
          <div className="sec">
            <h2 id="d">{texts.home.deployed}</h2>
            <Link className="far" to={links.environments}>
              {texts.home.allEnvironments}
            </Link>
          </div>
          <ul className="card now dep">
            {home.deployed.length === 0 ? <li className="m">{texts.home.nothingDeployed}</li> : null}
            {home.deployed.map((deployment) => (
              <DeployedRow key={deployment.id} deployment={deployment} />
            ))}
          </ul>
        </section>
      </aside>
    </div>
  );
}

/** The first page: what waits for me, what fails, what runs, what was deployed; before the first project, what to do. */
export function HomePage() {
  const texts = useTexts();
  const home = useAnswer<"home">("/home", () => true);
  const mine = home.value?.waiting.filter((gate) => gate.mayDecide).length ?? 0;
  useTitle(texts.home.title, mine > 0 ? "◆" : "");
  return (
    <Show of={home} rows={8}>
      {(value) =>
        value.projects === 0 ? (
          <FirstRun checks={value.checklist} />
        ) : (
          <>
            <h1 className="vh">{texts.home.title}</h1>
            <HomeParts home={value} />
          </>
        )
      }
    </Show>
  );
}
