import { useState } from "react";
import type { Project } from "../../../server/http/contract/projects.ts";
import { useApi, useMe, useStale, useTexts } from "../app/context.tsx";
import { parseParameters } from "../app/parse-parameters.ts";
import { useAct } from "../app/use-act.ts";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { BuildGroup, BuildIcon } from "../parts/build-row.tsx";
import { Dialog, DialogActs } from "../parts/dialog.tsx";
import { ActError, Field } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { Show } from "../parts/loading.tsx";
import { Card, CopyBox, Empty, Note, RefName } from "../parts/small.tsx";
import { Moment } from "../parts/time.tsx";
import { links } from "../routing/links.ts";
import { Link, usePlace } from "../routing/location.tsx";
import { DeliveriesList } from "./deliveries.tsx";
import { SecretsCard } from "./settings/secrets.tsx";

/** Every project with its last build and the health of its hook. */
export function ProjectsPage() {
  const texts = useTexts();
  useTitle(texts.nav.projects);
  const list = useAnswer<"projects">(
    "/projects?limit=200",
    (event) => event.type === "build.changed" || event.type === "project.changed",
  );
  return (
    <>
      <div className="eh">
        <h1>{texts.nav.projects}</h1>
      </div>
      <Show of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card">
              <Empty>
                {texts.project.none} {texts.firstRun.addText}
              </Empty>
            </div>
          ) : (
            <section className="card" aria-label={texts.nav.projects}>
              <table className="grid-t">
                <thead>
                  <tr>
                    <th scope="col">{texts.common.name}</th>
                    <th scope="col">{texts.project.repository}</th>
                    <th scope="col">{texts.project.lastBuild}</th>
                    <th scope="col">{texts.project.hookHealth}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((project) => (
                    <tr key={project.key}>
                      <th scope="row">
                        <Link to={links.project(project.key)}>
                          <b>{project.name}</b>
                        </Link>
                      </th>
                      <td>
                        <code>{project.repo}</code> <span className="m">{project.forge}</span>
                      </td>
                      <td>
                        {project.lastBuild === null ? (
                          <span className="m">{texts.common.none}</span>
                        ) : (
                          <>
                            <BuildIcon build={project.lastBuild} />{" "}
                            <Link to={project.lastBuild.path}>#{project.lastBuild.number}</Link>{" "}
                            <span className="m">
                              <Moment atMs={project.lastBuild.createdAtMs} />
                            </span>
                          </>
                        )}
                      </td>
                      <td>{project.hook.text}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          )
        }
      </Show>
    </>
  );
}

function Run(props: { readonly project: Project; readonly close: () => void }) {
  const { project, close } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const { go } = usePlace();
  const [ref, setRef] = useState("");
  const [lines, setLines] = useState("");
  const parsed = parseParameters(lines);
  const start = (): Promise<void> =>
    act.run(async () => {
      const made = await api.send<"startBuild">(
        "POST",
        `/projects/${encodeURIComponent(project.key)}/builds`,
        {
          ...(ref.trim() === "" ? {} : { ref: ref.trim() }),
          parameters: parsed.parameters,
        },
      );
      go(links.build(project.key, made.number));
    });
  return (
    <Dialog title={texts.project.runTitle(project.name)} close={close}>
      <ActError act={act} />
      <Field
        label={texts.project.runRef}
        value={ref}
        change={setRef}
        help={project.defaultBranch === null ? undefined : texts.project.runRefHelp(project.defaultBranch)}
        mono
        focus
      />
      <Field
        label={texts.project.runParameters}
        value={lines}
        change={setLines}
        rows={3}
        mono
        invalid={parsed.bad !== undefined}
        help={
          parsed.bad === undefined ? texts.project.runParametersHelp : texts.project.badParameter(parsed.bad)
        }
      />
      <DialogActs close={close}>
        <button
          type="button"
          className="btn go"
          disabled={act.busy || stale !== undefined || parsed.bad !== undefined}
          onClick={() => void start()}
        >
          {act.busy ? texts.common.sending : texts.project.runButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

function ProjectHead(props: {
  readonly projectKey: string;
  readonly project: Project | undefined;
  readonly part: string;
}) {
  const { project, projectKey, part } = props;
  const texts = useTexts();
  const me = useMe();
  const [running, setRunning] = useState(false);
  const tabs = [
    { part: "builds", word: texts.project.builds, to: links.project(projectKey) },
    { part: "deliveries", word: texts.nav.deliveries, to: links.projectDeliveries(projectKey) },
    { part: "hook", word: texts.nav.hook, to: links.projectHook(projectKey) },
    ...(me.role === "viewer" || me.role === "developer"
      ? []
      : [{ part: "secrets", word: texts.nav.secrets, to: links.projectSecrets(projectKey) }]),
  ];
  return (
    <>
      <div className="eh">
        <h1>{project?.name ?? projectKey}</h1>
        {project === undefined ? null : (
          <span className="m">
            {project.forge} <code>{project.repo}</code>
          </span>
        )}
        {project === undefined || me.role === "viewer" ? null : (
          <span className="far acts">
            <button type="button" className="btn sm" onClick={() => setRunning(true)}>
              {texts.project.run}
            </button>
          </span>
        )}
      </div>
      <nav className="tabs" aria-label={texts.nav.projects}>
        {tabs.map((tab) => (
          <Link key={tab.part} to={tab.to} current={tab.part === part ? "page" : undefined}>
            {tab.word}
          </Link>
        ))}
      </nav>
      {running && project !== undefined ? <Run project={project} close={() => setRunning(false)} /> : null}
    </>
  );
}

function HookNote(props: { readonly project: Project }) {
  const { project } = props;
  const texts = useTexts();
  const kind = { ok: "good", waiting: "wait", none: "warn", failing: "bad" } as const;
  const title = {
    ok: texts.project.hookOk,
    waiting: texts.project.hookWaiting,
    none: texts.project.hookNone,
    failing: texts.project.hookFailing,
  } as const;
  return (
    <Note
      kind={kind[project.hook.state]}
      acts={
        project.hook.state === "ok" ? undefined : (
          <Link to={links.projectHook(project.key)} className="btn sm">
            {texts.project.makeHook}
          </Link>
        )
      }
    >
      <b>{title[project.hook.state]}</b> {project.hook.text}{" "}
      {project.hook.lastAtMs === null ? null : (
        <>
          · {texts.project.lastDelivery} <Moment atMs={project.hook.lastAtMs} />
        </>
      )}
    </Note>
  );
}

function Rules(props: { readonly project: Project }) {
  const { project } = props;
  const texts = useTexts();
  return (
    <Card
      id="ro"
      title={texts.project.routes}
      note={texts.project.routesHelp}
      {...(project.source === null
        ? {}
        : { aside: <span className="meta">{texts.project.from(project.source)}</span> })}
    >
      <table className="grid-t">
        <thead>
          <tr>
            <th scope="col">{texts.project.on}</th>
            <th scope="col">{texts.project.match}</th>
            <th scope="col">{texts.project.build}</th>
            <th scope="col">{texts.project.deploys}</th>
          </tr>
        </thead>
        <tbody>
          {project.routes.map((rule, index) => (
            <tr key={index}>
              <th scope="row">{rule.on}</th>
              <td>
                {rule.match === null ? (
                  <span className="m">{texts.project.anything}</span>
                ) : (
                  <code>{rule.match}</code>
                )}
              </td>
              <td>{rule.build ? texts.common.yes : texts.common.no}</td>
              <td>
                {rule.deploy.length === 0 ? (
                  <span className="m">{texts.common.none}</span>
                ) : (
                  rule.deploy.join(", ")
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

/** Builds that nobody pushes for: by the clock, or after builds of other projects. */
function Triggers(props: { readonly project: Project }) {
  const { schedules, upstreams } = props.project;
  const texts = useTexts();
  return (
    <Card id="tr" title={texts.project.triggers} note={texts.project.triggersHelp}>
      <ul className="rows">
        {schedules.map((schedule) => (
          <li key={schedule.spec}>
            <code>{schedule.spec}</code> <span className="meta">{schedule.timeZone}</span>{" "}
            {texts.project.nextBuild} <Moment atMs={schedule.nextAtMs} />
          </li>
        ))}
        {upstreams.map((upstream) => (
          <li key={upstream.project}>
            {texts.project.after(upstream.project)} <span className="meta">{upstream.threshold}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function useProject(key: string) {
  return useAnswer<"project">(
    `/projects/${encodeURIComponent(key)}`,
    (event) => event.project === key && event.type !== "step.changed",
  );
}

/** One project: whether its hook works, its builds by branch and tag, and what starts a build. */
export function ProjectPage(props: { readonly projectKey: string }) {
  const texts = useTexts();
  const loaded = useProject(props.projectKey);
  useTitle(loaded.value?.name ?? props.projectKey);
  return (
    <>
      <ProjectHead projectKey={props.projectKey} project={loaded.value} part="builds" />
      <Show of={loaded} rows={8}>
        {(project) => (
          <div className="stack12 mt16">
            <HookNote project={project} />
            {project.refs.length === 0 ? (
              <div className="card">
                <Empty>{texts.project.empty}</Empty>
              </div>
            ) : (
              <section aria-labelledby="re">
                <h2 id="re" className="vh">
                  {texts.project.refs}
                </h2>
                <div className="card proj">
                  {project.refs.map((group) => (
                    <BuildGroup
                      key={`${group.ref.kind}.${group.ref.name}`}
                      title={<RefName kind={group.ref.kind} name={group.ref.name} />}
                      builds={group.builds}
                    />
                  ))}
                </div>
              </section>
            )}
            {project.routes.length === 0 ? null : <Rules project={project} />}
            {project.schedules.length + project.upstreams.length === 0 ? null : (
              <Triggers project={project} />
            )}
            {project.images.length === 0 ? null : (
              <Card id="im" title={texts.project.images}>
                <ul className="rows">
                  {project.images.map((image) => (
                    <li key={image}>
                      <code>{image}</code>
                    </li>
                  ))}
                </ul>
              </Card>
            )}
          </div>
        )}
      </Show>
    </>
  );
}

/** The deliveries of one project. */
export function ProjectDeliveriesPage(props: {
  readonly projectKey: string;
  readonly id: number | undefined;
}) {
  const texts = useTexts();
  const loaded = useProject(props.projectKey);
  useTitle(`${texts.deliveries.title} · ${props.projectKey}`);
  return (
    <>
      <ProjectHead projectKey={props.projectKey} project={loaded.value} part="deliveries" />
      {loaded.value === undefined ? null : (
        <div className="hook">
          <HookNote project={loaded.value} />
        </div>
      )}
      <DeliveriesList project={props.projectKey} id={props.id} />
    </>
  );
}

function HookCard(props: { readonly project: Project }) {
  const { project } = props;
  const texts = useTexts();
  const me = useMe();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [asking, setAsking] = useState(false);
  const [hook, setHook] = useState<
    { url: string; secret: string; contentType: string; events: readonly string[] } | undefined
  >(undefined);
  const may = me.role !== "viewer" && me.role !== "developer";
  const make = (): Promise<void> =>
    act.run(async () => {
      setHook(await api.send<"renewHook">("POST", `/projects/${encodeURIComponent(project.key)}/hook`, {}));
      setAsking(false);
    });
  const off = act.busy || stale !== undefined;
  // Before the first delivery nobody depends on the secret: making it anew needs no second question.
  const exists = project.hook.state === "ok" || project.hook.state === "failing";
  return (
    <Card id="ho" title={texts.hook.title}>
      <div className="pad stack12">
        <p>{texts.hook.text}</p>
        <HookNote project={project} />
        <ActError act={act} />
        {hook === undefined ? null : (
          <div className="stack12" role="status">
            <div>
              <span className="label">{texts.hook.url}</span>
              <CopyBox text={hook.url} what={texts.hook.url} />
            </div>
            <div>
              <span className="label">{texts.hook.secret}</span>
              <CopyBox text={hook.secret} what={texts.hook.secret} />
              <p className="help">{texts.common.shownOnce}</p>
            </div>
            <dl className="kv">
              <dt>{texts.hook.contentType}</dt>
              <dd>
                <code>{hook.contentType}</code>
              </dd>
              <dt>{texts.hook.events}</dt>
              <dd>{hook.events.join(", ")}</dd>
            </dl>
            <p className="m">{texts.hook.where(project.repo)}</p>
          </div>
        )}
        {may ? (
          <p>
            <button
              type="button"
              className={exists ? "btn" : "btn go"}
              disabled={off}
              onClick={() => (exists ? setAsking(true) : void make())}
            >
              <Icon name={exists ? "again" : "plus"} />
              {exists ? texts.hook.renew : texts.hook.make}
            </button>
          </p>
        ) : (
          <p className="m">{texts.hook.onlyMaintainers}</p>
        )}
      </div>
      {asking ? (
        <Dialog title={texts.hook.renewTitle} close={() => setAsking(false)}>
          <p>{texts.hook.renewText}</p>
          <DialogActs close={() => setAsking(false)}>
            <button type="button" className="btn go" disabled={off} onClick={() => void make()}>
              {texts.hook.renewButton}
            </button>
          </DialogActs>
        </Dialog>
      ) : null}
    </Card>
  );
}

/** Settings of a project that are made here: its hook, its secrets. */
export function ProjectSettingsPage(props: {
  readonly projectKey: string;
  readonly part: "hook" | "secrets";
}) {
  const texts = useTexts();
  const loaded = useProject(props.projectKey);
  useTitle(`${props.part === "hook" ? texts.hook.title : texts.secrets.title} · ${props.projectKey}`);
  return (
    <>
      <ProjectHead projectKey={props.projectKey} project={loaded.value} part={props.part} />
      <div className="mt16">
        {props.part === "secrets" ? (
          <SecretsCard project={props.projectKey} mayChange />
        ) : (
          <Show of={loaded}>{(project) => <HookCard project={project} />}</Show>
        )}
      </div>
    </>
  );
}
