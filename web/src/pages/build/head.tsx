import { useState } from "react";
import type { Build } from "../../../../server/http/contract/builds.ts";
import { useApi, useMe, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { BuildIcon } from "../../parts/build-row.tsx";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { ActError } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Person, RefName, Sha } from "../../parts/small.tsx";
import { Duration, Moment, Took } from "../../parts/time.tsx";
import { links } from "../../routing/links.ts";
import { Link, usePlace } from "../../routing/location.tsx";

/** Whether a build still goes on. */
export function isOpen(build: Pick<Build, "state">): boolean {
  return build.state === "queued" || build.state === "running" || build.state === "waiting";
}

function RunAgain(props: { readonly build: Build; readonly close: () => void }) {
  const { build, close } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const { go } = usePlace();
  const [from, setFrom] = useState("");
  const tops = build.stages.filter((stage) => stage.parent === null);
  const start = (): Promise<void> =>
    act.run(async () => {
      const made = await api.send<"restart">(
        "POST",
        `/builds/${build.id}/restart`,
        from === "" ? {} : { stage: from },
      );
      go(links.build(build.project, made.number));
    });
  return (
    <Dialog title={texts.build.runAgainTitle(`${build.project} #${build.number}`)} close={close}>
      <p className="m">{texts.build.runAgainText}</p>
      <ActError act={act} />
      <fieldset className="opts">
        <label>
          <input type="radio" name="from" checked={from === ""} onChange={() => setFrom("")} />
          {texts.build.fromStart}
        </label>
        {tops.map((stage) => (
          <label key={stage.path}>
            <input
              type="radio"
              name="from"
              checked={from === stage.name}
              onChange={() => setFrom(stage.name)}
            />
            {texts.build.fromStage(stage.name)}
          </label>
        ))}
      </fieldset>
      <DialogActs close={close}>
        <button
          type="button"
          className="btn go"
          disabled={act.busy || stale !== undefined}
          onClick={() => void start()}
        >
          {act.busy ? texts.common.sending : texts.build.runAgainButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

function Abort(props: { readonly build: Build; readonly close: () => void }) {
  const { build, close } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const abort = (level: 1 | 2): Promise<void> =>
    act.run(async () => {
      await api.send<"abort">("POST", `/builds/${build.id}/abort`, { level });
      close();
    });
  const off = act.busy || stale !== undefined;
  return (
    <Dialog title={texts.build.abortTitle(`${build.project} #${build.number}`)} close={close}>
      <p>{texts.build.abortText}</p>
      <ActError act={act} />
      <DialogActs close={close}>
        <button type="button" className="btn no" disabled={off} onClick={() => void abort(2)}>
          {texts.build.abortForce}
        </button>
        <button type="button" className="btn kill" disabled={off} onClick={() => void abort(1)}>
          {act.busy ? texts.common.sending : texts.build.abortButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

/** The head of a build's page: what it is, whose, from where, how long, and what can be done with it. */
export function BuildHead(props: { readonly build: Build; readonly tab: string }) {
  const { build } = props;
  const texts = useTexts();
  const me = useMe();
  const [asking, setAsking] = useState<"again" | "abort" | undefined>(undefined);
  const close = (): void => setAsking(undefined);
  const mayAct = me.role !== "viewer";
  const refWords = {
    branch: texts.build.branch,
    tag: texts.build.tag,
    change: texts.build.change,
    commit: texts.build.commitRef,
  } as const;
  const tabs = [
    { name: "log", word: texts.build.log, count: undefined },
    { name: "tests", word: texts.build.tests, count: build.tests?.failed },
    { name: "changes", word: texts.build.changes, count: build.commits.length },
    { name: "artifacts", word: texts.build.artifacts, count: build.artifacts.length },
    { name: "parameters", word: texts.build.parameters, count: undefined },
  ];
  return (
    <div className="bh">
      <div className="bh-1">
        <h1>
          <BuildIcon build={build} />
          <Link to={links.project(build.project)} className="m">
            {build.project}
          </Link>
          <span>#{build.number}</span>
        </h1>
        <span className="subj2">{build.displayName ?? build.title}</span>
        <div className="acts">
          {build.previous === null ? null : (
            <Link
              to={links.build(build.project, build.previous)}
              className="btn sm"
              label={texts.build.older(build.previous)}
            >
              <Icon name="left" />#{build.previous}
            </Link>
          )}
          {build.next === null ? null : (
            <Link
              to={links.build(build.project, build.next)}
              className="btn sm"
              label={texts.build.newer(build.next)}
            >
              #{build.next}
              <Icon name="right" />
            </Link>
          )}
          <span className="gap" />
          {mayAct && isOpen(build) ? (
            <button type="button" className="btn sm no" onClick={() => setAsking("abort")}>
              {texts.build.abort}
            </button>
          ) : null}
          {mayAct && !isOpen(build) ? (
            <button type="button" className="btn sm" onClick={() => setAsking("again")}>
              <Icon name="again" />
              {texts.build.runAgain}
            </button>
          ) : null}
        </div>
      </div>
      <dl className="facts">
        <div>
          <dt>{refWords[build.ref.kind]}</dt>
          <dd>
            <RefName kind={build.ref.kind} name={build.ref.name} />
          </dd>
        </div>
        <div>
          <dt>{texts.build.commit}</dt>
          <dd>
            {build.sha === null ? null : <Sha sha={build.sha} />} <Person name={build.author.name} />
          </dd>
        </div>
        <div>
          <dt>{texts.build.startedBy}</dt>
          <dd>
            {build.delivery === null ? (
              texts.trigger[build.trigger]
            ) : (
              <Link to={links.delivery(build.project, build.delivery)} className="un">
                {texts.trigger[build.trigger]}
              </Link>
            )}{" "}
            <Moment atMs={build.createdAtMs} />
          </dd>
        </div>
        {build.startedAtMs === null ? null : (
          <div>
            <dt>{texts.build.queuedFor}</dt>
            <dd>
              <Duration ms={build.startedAtMs - build.createdAtMs} />
            </dd>
          </div>
        )}
        {build.startedAtMs === null ? null : (
          <div>
            <dt>{texts.build.took}</dt>
            <dd>
              <Took startedAtMs={build.startedAtMs} endedAtMs={build.endedAtMs} />
            </dd>
          </div>
        )}
        {build.liveIn.length === 0 ? null : (
          <div>
            <dt>{texts.build.liveIn}</dt>
            <dd>
              {build.liveIn.map((name) => (
                <Link key={name} to={links.environment(name)} className="chip">
                  {name}
                </Link>
              ))}
            </dd>
          </div>
        )}
        {build.deployments.length === 0 ? null : (
          <div>
            <dt>{texts.build.deployments}</dt>
            <dd>
              {build.deployments.map((id) => (
                <Link key={id} to={links.deployment(id)} className="chip">
                  {texts.build.deployment(id)}
                </Link>
              ))}
            </dd>
          </div>
        )}
      </dl>
      <nav className="tabs" aria-label={texts.build.tabs}>
        {tabs.map((tab) => (
          <Link
            key={tab.name}
            to={
              tab.name === "log"
                ? links.build(build.project, build.number)
                : links.buildTab(build.project, build.number, tab.name)
            }
            current={props.tab === tab.name ? "page" : undefined}
          >
            {tab.word}{" "}
            {tab.count === undefined || tab.count === 0 ? null : (
              <span className={tab.name === "tests" ? "n f" : "n"}>{tab.count}</span>
            )}
          </Link>
        ))}
      </nav>
      {asking === "again" ? <RunAgain build={build} close={close} /> : null}
      {asking === "abort" ? <Abort build={build} close={close} /> : null}
    </div>
  );
}
