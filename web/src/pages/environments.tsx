import { useState } from "react";
import type { Environment, EnvironmentSummary } from "../../../server/http/contract/environments.ts";
import { useApi, useStale, useSpeech, useTexts } from "../app/context.tsx";
import { useAct } from "../app/use-act.ts";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { formatDuration } from "../format/duration.ts";
import { shortImage } from "../format/image.ts";
import { Dialog, DialogActs } from "../parts/dialog.tsx";
import { ActError, Field } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { Show } from "../parts/loading.tsx";
import { Card, Empty, Person, Pill } from "../parts/small.tsx";
import { Moment, Took } from "../parts/time.tsx";
import { deploymentLook } from "../parts/tone.ts";
import { links } from "../routing/links.ts";
import { Link, usePlace } from "../routing/location.tsx";

function Cell(props: { readonly environment: EnvironmentSummary; readonly project: string }) {
  const { environment, project } = props;
  const texts = useTexts();
  const live = environment.live.find((release) => release.project === project);
  const current = environment.current?.project === project ? environment.current : null;
  if (live === undefined && current === null) return <span className="m">{texts.environments.none}</span>;
  const look = deploymentLook(current?.state ?? "succeeded");
  const name = live?.build?.ref ?? (live === undefined ? "" : texts.deployment.release(live.release));
  return (
    <>
      <Link to={links.environment(environment.name)} className="cell">
        <Icon
          name={look.icon}
          tone={look.tone}
          label={texts.state.deployment[current?.state ?? "succeeded"]}
        />
        <b>
          {current?.build === undefined || current.build === null
            ? name
            : `${name === "" ? "" : `${name} → `}${current.build.ref}`}
        </b>
      </Link>
      <span className="meta">
        {current === null ? (
          live === undefined ? null : (
            <Moment atMs={live.atMs} />
          )
        ) : (
          texts.state.deployment[current.state]
        )}
        {live?.build === undefined || live.build === null ? null : (
          <>
            {" · "}
            <Link to={live.build.path} className="un">
              #{live.build.number}
            </Link>
          </>
        )}
      </span>
    </>
  );
}

/** What runs where: projects down, environments across. */
export function EnvironmentsPage() {
  const texts = useTexts();
  useTitle(texts.environments.title);
  const list = useAnswer<"environments">(
    "/environments?limit=200",
    (event) => event.type === "deployment.changed" || event.type === "gate.changed",
  );
  return (
    <>
      <div className="eh">
        <h1>{texts.environments.title}</h1>
      </div>
      <Show of={list}>
        {({ items }) => {
          if (items.length === 0) {
            return (
              <div className="card">
                <Empty>{texts.environments.empty}</Empty>
              </div>
            );
          }
          const projects = [...new Set(items.flatMap((environment) => environment.projects))].toSorted();
          return (
            <section className="card" aria-labelledby="mx">
              <h2 id="mx" className="vh">
                {texts.environments.matrix}
              </h2>
              <table className="grid-t mx">
                <thead>
                  <tr>
                    <th scope="col">{texts.environments.project}</th>
                    {items.map((environment) => (
                      <th scope="col" key={environment.name}>
                        <Link to={links.environment(environment.name)} className="un">
                          {environment.name}
                        </Link>{" "}
                        {environment.waiting === 0 ? null : (
                          <span className="n w">{texts.environments.gateOpen(environment.waiting)}</span>
                        )}
                        {environment.frozenUntilAtMs === null ? null : <Icon name="snow" tone="unstable" />}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {projects.map((project) => (
                    <tr key={project}>
                      <th scope="row">
                        <Link to={links.project(project)}>{project}</Link>
                      </th>
                      {items.map((environment) => (
                        <td key={environment.name} data-label={environment.name}>
                          {environment.projects.includes(project) ? (
                            <Cell environment={environment} project={project} />
                          ) : (
                            <span className="m">{texts.environments.none}</span>
                          )}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          );
        }}
      </Show>
    </>
  );
}

function RollBack(props: {
  readonly environment: string;
  readonly project: string;
  readonly release: number;
  readonly close: () => void;
}) {
  const { environment, release, close } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const { go } = usePlace();
  const [reason, setReason] = useState("");
  const rollBack = (): Promise<void> =>
    act.run(async () => {
      const made = await api.send<"rollBack">(
        "POST",
        `/environments/${encodeURIComponent(environment)}/rollback`,
        {
          release,
          project: props.project,
          ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
        },
      );
      go(made.gate === null ? links.deployment(made.deployment) : links.gate(made.gate));
    });
  return (
    <Dialog title={texts.environments.rollBackTitle(environment, release)} close={close}>
      <p>{texts.environments.rollBackText}</p>
      <ActError act={act} />
      <Field label={texts.gate.why} value={reason} change={setReason} rows={2} focus />
      <DialogActs close={close}>
        <button
          type="button"
          className="btn kill"
          disabled={act.busy || stale !== undefined}
          onClick={() => void rollBack()}
        >
          {act.busy ? texts.common.sending : texts.environments.rollBackButton(release)}
        </button>
      </DialogActs>
    </Dialog>
  );
}

function History(props: { readonly environment: Environment }) {
  const { environment } = props;
  const texts = useTexts();
  const stale = useStale();
  const [asking, setAsking] = useState<{ project: string; release: number } | undefined>(undefined);
  const live = new Set(environment.live.map((release) => release.deployment));
  return (
    <Card
      id="hi"
      title={texts.environments.history(environment.name)}
      aside={<span className="meta">{texts.environments.historyNote}</span>}
    >
      {environment.history.length === 0 ? (
        <Empty>{texts.environments.noHistory}</Empty>
      ) : (
        <div className="scroll">
          <table className="grid-t rel">
            <thead>
              <tr>
                <th scope="col">{texts.environments.release}</th>
                <th scope="col">{texts.environments.result}</th>
                <th scope="col">{texts.environments.who}</th>
                <th scope="col">{texts.environments.when}</th>
                <th scope="col">{texts.environments.took}</th>
                <th scope="col">
                  <span className="vh">{texts.common.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {environment.history.map((deployment) => {
                const look = deploymentLook(deployment.state);
                const { release } = deployment;
                const isLive = live.has(deployment.id);
                return (
                  <tr key={deployment.id}>
                    <th scope="row">
                      <Link to={links.deployment(deployment.id)}>
                        <b>
                          {release === null
                            ? texts.deployment.number(deployment.id)
                            : texts.deployment.release(release)}
                        </b>
                      </Link>{" "}
                      <span className="m">{deployment.project}</span>{" "}
                      {deployment.build === null ? null : (
                        <Link to={deployment.build.path} className="sha">
                          #{deployment.build.number}
                        </Link>
                      )}
                    </th>
                    <td>
                      <Pill look={look}>{texts.state.deployment[deployment.state]}</Pill>{" "}
                      {isLive ? <span className="lbl">{texts.environments.live}</span> : null}
                      {deployment.reason === null ? null : (
                        <span className="meta block">{deployment.reason.text}</span>
                      )}
                    </td>
                    <td>{deployment.approvedBy === null ? "" : <Person name={deployment.approvedBy} />}</td>
                    <td>
                      <Moment atMs={deployment.createdAtMs} />
                    </td>
                    <td>
                      <Took startedAtMs={deployment.startedAtMs} endedAtMs={deployment.endedAtMs} />
                    </td>
                    <td className="num">
                      {release !== null &&
                      environment.mayRollBack &&
                      !isLive &&
                      deployment.state === "succeeded" ? (
                        <button
                          type="button"
                          className="btn sm"
                          disabled={stale !== undefined}
                          onClick={() => setAsking({ project: deployment.project, release })}
                        >
                          {texts.environments.rollBackTo(release)}
                        </button>
                      ) : null}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {asking === undefined ? null : (
        <RollBack environment={environment.name} {...asking} close={() => setAsking(undefined)} />
      )}
    </Card>
  );
}

function RunningNow(props: { readonly environment: Environment }) {
  const { environment } = props;
  const texts = useTexts();
  return (
    <Card
      id="ru"
      title={texts.environments.running}
      aside={
        <span className="meta">
          {environment.readAtMs === null ? (
            texts.environments.neverRead
          ) : (
            <>
              {texts.environments.readAgo("")}
              <Moment atMs={environment.readAtMs} />
            </>
          )}
        </span>
      }
    >
      {environment.running.length === 0 ? (
        <Empty>{texts.environments.noRead}</Empty>
      ) : (
        <table className="grid-t">
          <thead>
            <tr>
              <th scope="col">{texts.environments.service}</th>
              <th scope="col">{texts.environments.image}</th>
              <th scope="col">{texts.environments.healthy}</th>
              <th scope="col">{texts.environments.target}</th>
            </tr>
          </thead>
          <tbody>
            {environment.running.map((service) => (
              <tr key={`${service.target}.${service.service}`}>
                <th scope="row">{service.service}</th>
                <td>
                  {service.image === null ? (
                    ""
                  ) : (
                    <code className="dig" title={service.image}>
                      {shortImage(service.image)}
                    </code>
                  )}
                </td>
                <td>
                  {service.wanted === null ? null : service.ready === null ? (
                    <span className="m">{texts.environments.wantedUnits(service.wanted)}</span>
                  ) : (
                    <span className={service.ready < service.wanted ? "warn-ink" : "ok-ink"}>
                      {texts.environments.ofUnits(service.ready, service.wanted)}
                    </span>
                  )}
                  {service.error === null ? null : <span className="bad-ink block">{service.error}</span>}
                </td>
                <td className="m">{service.target}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function About(props: { readonly environment: Environment }) {
  const { environment } = props;
  const { texts, language } = useSpeech();
  const words = texts.environments;
  const decides =
    environment.policy === "gate"
      ? words.decidesText(environment.approve.role, environment.approve.needed)
      : environment.policy === "auto"
        ? words.decidesAuto
        : words.decidesOutside;
  return (
    <Card id="ab" title={words.about(environment.name)}>
      <div className="pad">
        <dl className="kv">
          <dt>{words.decides}</dt>
          <dd>{decides}</dd>
          <dt>{words.own}</dt>
          <dd>{environment.approve.pusher ? words.ownYes : words.ownNo}</dd>
          <dt>{words.refs}</dt>
          <dd>{environment.refs.length === 0 ? words.anyRef : <code>{environment.refs.join(", ")}</code>}</dd>
          <dt>{words.soak}</dt>
          <dd>{formatDuration(environment.soakMs, language)}</dd>
          <dt>{words.limit}</dt>
          <dd>{formatDuration(environment.limitMs, language)}</dd>
          <dt>{words.onFailure}</dt>
          <dd>{words.failure[environment.onFailure]}</dd>
          {environment.source === null ? null : (
            <>
              <dt>{words.source}</dt>
              <dd>
                <code>{environment.source}</code>
              </dd>
            </>
          )}
        </dl>
      </div>
    </Card>
  );
}

/** One environment: what runs there as read from its targets, its history, its rules, what comes next. */
export function EnvironmentPage(props: { readonly name: string }) {
  const texts = useTexts();
  useTitle(props.name);
  const loaded = useAnswer<"environment">(
    `/environments/${encodeURIComponent(props.name)}`,
    (event) => event.type === "deployment.changed" || event.type === "gate.changed",
  );
  return (
    <>
      <p className="crumb">
        <Link to={links.environments}>{texts.environments.title}</Link> / <span>{props.name}</span>
      </p>
      <div className="eh">
        <h1>{props.name}</h1>
      </div>
      <Show of={loaded}>
        {(environment) => (
          <div className="cols ec">
            <div className="stack12">
              <RunningNow environment={environment} />
              <History environment={environment} />
            </div>
            <aside className="stack12" aria-label={texts.environments.about(environment.name)}>
              <About environment={environment} />
              <Card id="qu" title={texts.environments.queue}>
                {environment.queue.length === 0 ? (
                  <Empty>{texts.environments.nothingQueued}</Empty>
                ) : (
                  <ul className="rows">
                    {environment.queue.map((wait) => (
                      <li key={`${wait.cause}.${wait.sinceAtMs}`}>
                        <span>{wait.text}</span>
                        {wait.gate === null ? null : (
                          <Link to={links.gate(wait.gate)} className="far">
                            {texts.home.review}
                          </Link>
                        )}
                      </li>
                    ))}
                  </ul>
                )}
              </Card>
            </aside>
          </div>
        )}
      </Show>
    </>
  );
}
