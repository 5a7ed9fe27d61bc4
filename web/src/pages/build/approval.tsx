import { useState } from "react";
import type { Build } from "../../../../server/http/contract/builds.ts";
import { useApi, useMe, useNow, useSpeech, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { formatDuration } from "../../format/duration.ts";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { ActError } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Note, Person, RefName, Sha } from "../../parts/small.tsx";

/** The cause of a wait for a maintainer's word on a change from outside. */
export const APPROVAL = "approval";

/** A commit that was looked at. */
interface Seen {
  readonly sha: string;
}

function Confirm(props: { readonly build: Build; readonly seen: Seen; readonly close: () => void }) {
  const { build, seen, close } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const approve = (): Promise<void> =>
    act.run(async () => {
      // The commit goes along as it was when the question was opened: a newer one must be looked at again.
      await api.send<"approveBuild">("POST", `/builds/${build.id}/approve`, { sha: seen.sha });
      close();
    });
  return (
    <Dialog title={texts.build.approval.title(`${build.project} #${build.number}`)} close={close}>
      <p>
        {texts.build.approval.confirm} <Sha sha={seen.sha} />
      </p>
      <p className="m">{texts.build.approval.limits}</p>
      <ActError act={act} />
      <DialogActs close={close}>
        <button
          type="button"
          className="btn go"
          disabled={act.busy || stale !== undefined}
          onClick={() => void approve()}
        >
          {act.busy ? texts.common.sending : texts.build.approval.button}
        </button>
      </DialogActs>
    </Dialog>
  );
}

function ChangeFacts(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  const { change } = build;
  return (
    <dl className="facts pad">
      {change === null ? null : (
        <>
          <div>
            <dt>{texts.build.change}</dt>
            <dd>
              !{change.number} {change.title}
            </dd>
          </div>
          <div>
            <dt>{texts.build.approval.from}</dt>
            <dd>
              <RefName kind="branch" name={change.source} />{" "}
              <span className="chip">
                {change.fork ? texts.build.approval.fork : texts.build.approval.sameRepository}
              </span>
            </dd>
          </div>
          <div>
            <dt>{texts.build.approval.into}</dt>
            <dd>
              <RefName kind="branch" name={change.target} />
            </dd>
          </div>
        </>
      )}
      <div>
        <dt>{texts.build.approval.author}</dt>
        <dd>
          <Person name={change?.author ?? build.author.name} />
        </dd>
      </div>
      {build.sha === null ? null : (
        <div>
          <dt>{texts.build.commit}</dt>
          <dd>
            <Sha sha={build.sha} /> {build.title}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** A build that came from outside and begins only when a maintainer has looked at it: what it is, and the button. */
export function ApprovalCard(props: { readonly build: Build }) {
  const { build } = props;
  const { texts, language } = useSpeech();
  const me = useMe();
  const stale = useStale();
  const nowMs = useNow();
  const [seen, setSeen] = useState<Seen | undefined>(undefined);
  const wait = build.waits.find(({ cause }) => cause === APPROVAL);
  if (wait === undefined) return null;
  const { sha } = build;
  const may = me.role !== "viewer" && me.role !== "developer";
  return (
    <section className="card" aria-labelledby="ap-h">
      <div className="hd">
        <Icon name="waiting" tone="waiting" />
        <h2 id="ap-h">{texts.build.approval.heading}</h2>
        <span className="far m">
          {texts.build.waitSince(formatDuration(nowMs - wait.sinceAtMs, language))}
        </span>
      </div>
      <ChangeFacts build={build} />
      <p className="pad m">{texts.build.approval.why}</p>
      <div className="pad acts">
        {may && sha !== null ? (
          <button
            type="button"
            className="btn go"
            disabled={stale !== undefined}
            onClick={() => setSeen({ sha })}
          >
            {texts.build.approval.open}
          </button>
        ) : (
          <Note kind="wait">{texts.build.approval.whoMay}</Note>
        )}
      </div>
      {seen === undefined ? null : <Confirm build={build} seen={seen} close={() => setSeen(undefined)} />}
    </section>
  );
}
