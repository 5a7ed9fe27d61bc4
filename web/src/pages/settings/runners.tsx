import { useState } from "react";
import type { Runner } from "../../../../server/http/contract/system.ts";
import { useApi, useMe, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { ActError, Field } from "../../parts/field.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, CopyBox, Empty, Pill } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";
import type { Look } from "../../parts/tone.ts";

const LOOK: Readonly<Record<Runner["state"], Look>> = {
  online: { icon: "succeeded", tone: "succeeded" },
  offline: { icon: "unstable", tone: "unstable" },
  draining: { icon: "running", tone: "running" },
  revoked: { icon: "notbuilt", tone: "aborted" },
};

function Row(props: { readonly runner: Runner; readonly reload: () => void }) {
  const { runner, reload } = props;
  const texts = useTexts();
  const me = useMe();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [asking, setAsking] = useState(false);
  const off = act.busy || stale !== undefined;
  const drain = (): Promise<void> =>
    act.run(async () => {
      await api.send<"drainRunner">("POST", `/runners/${runner.id}/drain`, {});
      reload();
    });
  const revoke = (): Promise<void> =>
    act.run(async () => {
      await api.send<"revokeRunner">("DELETE", `/runners/${runner.id}`, {});
      setAsking(false);
      reload();
    });
  return (
    <tr>
      <th scope="row">
        <b>{runner.name}</b>
        {runner.message === null ? null : <span className="meta block">{runner.message}</span>}
        <ActError act={act} />
      </th>
      <td>
        <Pill look={LOOK[runner.state]}>{texts.state.runner[runner.state]}</Pill>
      </td>
      <td>{texts.runners.places(runner.busy, runner.places)}</td>
      <td>
        {runner.labels.map((label) => (
          <code key={label} className="lbl">
            {label}
          </code>
        ))}
      </td>
      <td>
        {runner.lastSeenAtMs === null ? "" : <Moment atMs={runner.lastSeenAtMs} />}
        <span className="meta block">
          {runner.version} {runner.dockerVersion === null ? "" : `· Docker ${runner.dockerVersion}`}
        </span>
      </td>
      <td className="num">
        {me.role === "admin" && runner.state !== "revoked" ? (
          <span className="acts end">
            <button
              type="button"
              className="btn sm"
              disabled={off || runner.state === "draining"}
              aria-label={texts.runners.drainWhat(runner.name)}
              onClick={() => void drain()}
            >
              {texts.runners.drain}
            </button>
            <button
              type="button"
              className="btn sm no"
              disabled={off}
              aria-label={texts.runners.revokeWhat(runner.name)}
              onClick={() => setAsking(true)}
            >
              {texts.runners.revoke}
            </button>
          </span>
        ) : null}
        {asking ? (
          <Dialog title={texts.runners.revokeTitle(runner.name)} close={() => setAsking(false)}>
            <p>{texts.runners.revokeText}</p>
            <DialogActs close={() => setAsking(false)}>
              <button type="button" className="btn kill" disabled={off} onClick={() => void revoke()}>
                {texts.runners.revokeButton}
              </button>
            </DialogActs>
          </Dialog>
        ) : null}
      </td>
    </tr>
  );
}

function Add(props: { readonly added: () => void }) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [name, setName] = useState("");
  const [labels, setLabels] = useState("");
  const [made, setMade] = useState<{ name: string; command: string } | undefined>(undefined);
  const add = (): Promise<void> =>
    act.run(async () => {
      const words = labels.split(/\s+/).filter((word) => word !== "");
      setMade(await api.send<"createRunner">("POST", "/runners", { name, labels: words }));
      setName("");
      props.added();
    });
  return (
    <Card id="ar" title={texts.runners.add}>
      <form
        className="pad form-grid"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <ActError act={act} />
        <Field
          label={texts.runners.addName}
          value={name}
          change={setName}
          help={texts.claim.loginHelp}
          required
          mono
        />
        <Field label={texts.runners.addLabels} value={labels} change={setLabels} mono />
        <div className="acts">
          <button type="submit" className="btn go" disabled={act.busy || stale !== undefined}>
            {act.busy ? texts.common.sending : texts.runners.addButton}
          </button>
        </div>
        <div role="status">
          {made === undefined ? null : (
            <>
              <p className="label">{texts.runners.added(made.name)}</p>
              <CopyBox text={made.command} what={texts.runners.added(made.name)} />
              <p className="help">{texts.common.shownOnce}</p>
            </>
          )}
        </div>
      </form>
    </Card>
  );
}

/** The runners: whether they are there, how full they are, what they can do. */
export function RunnersPart() {
  const texts = useTexts();
  const me = useMe();
  const list = useAnswer<"runners">("/runners", (event) => event.type === "runner.changed");
  return (
    <div className="stack12">
      <Card id="ru" title={texts.runners.title}>
        <Show of={list}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>{texts.runners.empty}</Empty>
            ) : (
              <table className="grid-t">
                <thead>
                  <tr>
                    <th scope="col">{texts.common.name}</th>
                    <th scope="col">{texts.common.state}</th>
                    <th scope="col">{texts.runners.load}</th>
                    <th scope="col">{texts.runners.labels}</th>
                    <th scope="col">{texts.runners.lastSeen}</th>
                    <th scope="col">
                      <span className="vh">{texts.common.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((runner) => (
                    <Row key={runner.id} runner={runner} reload={list.reload} />
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
      </Card>
      {me.role === "admin" ? <Add added={list.reload} /> : null}
    </div>
  );
}
