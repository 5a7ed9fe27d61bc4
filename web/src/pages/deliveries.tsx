import { useState } from "react";
import type { Delivery, DeliveryState, DeliverySummary } from "../../../server/http/contract/deliveries.ts";
import { useApi, useMe, useStale, useTexts } from "../app/context.tsx";
import { useAct } from "../app/use-act.ts";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { useFollowing } from "../app/use-list.ts";
import { formatBytes } from "../format/bytes.ts";
import { Dialog, DialogActs } from "../parts/dialog.tsx";
import { ActError } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { LoadMore } from "../parts/load-more.tsx";
import { Show } from "../parts/loading.tsx";
import { CopyButton, Empty, Note, Said } from "../parts/small.tsx";
import { Moment } from "../parts/time.tsx";
import type { Look } from "../parts/tone.ts";
import { links } from "../routing/links.ts";
import { Link, usePlace } from "../routing/location.tsx";

const LOOK: Readonly<Record<DeliveryState, Look>> = {
  built: { icon: "succeeded", tone: "succeeded" },
  ignored: { icon: "notbuilt", tone: "aborted" },
  repeated: { icon: "notbuilt", tone: "aborted" },
  refused: { icon: "unstable", tone: "unstable" },
};

const STATES = ["built", "ignored", "repeated", "refused"] as const satisfies readonly DeliveryState[];

function DeliveryRow(props: {
  readonly delivery: DeliverySummary;
  readonly current: boolean;
  readonly project: string | undefined;
}) {
  const { delivery } = props;
  const texts = useTexts();
  const look = LOOK[delivery.state];
  const to = links.delivery(props.project === undefined ? null : delivery.project, delivery.id);
  return (
    <li className={props.current ? "on" : ""}>
      <Link to={to} current={props.current ? "true" : undefined}>
        <Icon name={look.icon} tone={look.tone} label={texts.state.delivery[delivery.state]} />
        <span className="dv">
          <b>{delivery.event ?? texts.deliveries.unknownHook}</b> <code>{delivery.ref}</code>
        </span>
        <Moment atMs={delivery.receivedAtMs} />
        <span className="dr">
          {props.project === undefined && delivery.project !== null ? `${delivery.project}: ` : ""}
          <Said text={delivery.verdict} />
        </span>
      </Link>
    </li>
  );
}

function Replay(props: { readonly delivery: Delivery }) {
  const { delivery } = props;
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<string | undefined>(undefined);
  const replay = (again: boolean): Promise<void> =>
    act.run(async () => {
      const answer = await api.send<"replay">("POST", `/deliveries/${delivery.id}/replay`, { again });
      setSaid(answer.verdict);
      setAsking(false);
    });
  const off = act.busy || stale !== undefined;
  return (
    <>
      <div className="pad acts">
        <button type="button" className="btn sm" disabled={off} onClick={() => void replay(false)}>
          <Icon name="again" />
          {act.busy ? texts.common.sending : texts.deliveries.replay}
        </button>
        {delivery.builds.length === 0 ? null : (
          <button type="button" className="btn sm" disabled={off} onClick={() => setAsking(true)}>
            {texts.deliveries.replayAgain}
          </button>
        )}
        <span className="meta">{texts.deliveries.replayHelp}</span>
      </div>
      <div role="status">
        {said === undefined ? null : <Note kind="info">{texts.deliveries.replayed(said)}</Note>}
        <ActError act={act} />
      </div>
      {asking ? (
        <Dialog title={texts.deliveries.replayTitle(delivery.id)} close={() => setAsking(false)}>
          <p>{texts.deliveries.replayAgainText}</p>
          <DialogActs close={() => setAsking(false)}>
            <button type="button" className="btn go" disabled={off} onClick={() => void replay(true)}>
              {texts.deliveries.replayAgain}
            </button>
          </DialogActs>
        </Dialog>
      ) : null}
    </>
  );
}

function Payload(props: { readonly delivery: Delivery }) {
  const { delivery } = props;
  const texts = useTexts();
  const [part, setPart] = useState<"body" | "headers">("body");
  const headers = Object.entries(delivery.headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
  const shown = part === "headers" ? headers : (delivery.body ?? texts.deliveries.noBody);
  return (
    <div className="pl">
      <div className="acts">
        <h3>{texts.deliveries.payload}</h3>
        <span className="meta">{formatBytes(delivery.sizeBytes)}</span>
        <span className="far acts">
          <button type="button" className="tg" aria-pressed={part === "body"} onClick={() => setPart("body")}>
            {texts.deliveries.body}
          </button>
          <button
            type="button"
            className="tg"
            aria-pressed={part === "headers"}
            onClick={() => setPart("headers")}
          >
            {texts.deliveries.headers}
          </button>
          <CopyButton text={shown} what={texts.deliveries.payload} />
        </span>
      </div>
      <pre tabIndex={0} aria-label={texts.deliveries.payload}>
        <code>{shown}</code>
      </pre>
    </div>
  );
}

function DeliveryCard(props: { readonly id: number }) {
  const texts = useTexts();
  const me = useMe();
  const loaded = useAnswer<"delivery">(
    `/deliveries/${props.id}`,
    (event) => event.type === "delivery.changed" && event.id === props.id,
  );
  return (
    <Show of={loaded}>
      {(delivery) => {
        const look = LOOK[delivery.state];
        return (
          <section className="card dd" aria-labelledby="de">
            <div className="hd">
              <h2 id="de">{texts.deliveries.delivery(delivery.id)}</h2>
              <span className="m">
                {[delivery.forge, delivery.event].filter((word) => word !== null).join(" ")} ·{" "}
                <Moment atMs={delivery.receivedAtMs} /> · {texts.deliveries.source[delivery.source]} ·{" "}
                {texts.deliveries.answered(delivery.status)}{" "}
                {delivery.durationMs === null ? "" : texts.deliveries.inMs(delivery.durationMs)}
              </span>
            </div>
            <div className="verdict">
              <Icon name={look.icon} tone={look.tone} label={texts.state.delivery[delivery.state]} />
              <div>
                <p>
                  <b>
                    <Said text={delivery.verdict} />
                  </b>
                </p>
                <p className="m">
                  {delivery.builds.map((build) => (
                    <Link
                      key={build.id}
                      to={new URL(build.url, window.location.href).pathname}
                      className="un"
                    >
                      #{build.number}
                    </Link>
                  ))}
                </p>
              </div>
            </div>
            <h3 className="lab">{texts.deliveries.rules}</h3>
            <ol className="rules">
              {delivery.lines.map((line, index) => (
                <li key={index} className={line.ok ? "" : "no"}>
                  <Icon
                    name={line.ok ? "tick" : "close"}
                    label={line.ok ? texts.deliveries.yes : texts.deliveries.no}
                  />
                  <b>{line.rule}</b>
                  <span>
                    <Said text={line.text} />
                  </span>
                </li>
              ))}
            </ol>
            <Payload delivery={delivery} />
            {delivery.mayReplay && me.role !== "viewer" ? <Replay delivery={delivery} /> : null}
          </section>
        );
      }}
    </Show>
  );
}

/** Webhook deliveries, of one project or all; each with what came of it and which rule said so. */
export function DeliveriesList(props: {
  readonly project: string | undefined;
  readonly id: number | undefined;
}) {
  const { project, id } = props;
  const texts = useTexts();
  const { address } = usePlace();
  const state = STATES.find((word) => word === address.query.get("state"));
  const query = new URLSearchParams({ limit: "50" });
  if (project !== undefined) query.set("project", project);
  if (state !== undefined) query.set("state", state);
  const path = `/deliveries?${query}`;
  const list = useAnswer<"deliveries">(path, (event) => event.type === "delivery.changed");
  const following = useFollowing<DeliverySummary>(path, list.value, (api, cursor) =>
    api.read<"deliveries">(`${path}&after=${encodeURIComponent(cursor)}`),
  );
  const base = project === undefined ? links.deliveries : links.projectDeliveries(project);
  return (
    <div className={id === undefined ? "dl" : "dl chosen"}>
      <section className="card dlist" aria-labelledby="li">
        <div className="hd">
          <h2 id="li">{texts.deliveries.received}</h2>
          <nav className="far acts" aria-label={texts.deliveries.filter}>
            <Link to={base} className="chip" current={state === undefined ? "true" : undefined}>
              {texts.deliveries.all}
            </Link>
            {STATES.map((word) => (
              <Link
                key={word}
                to={`${base}?state=${word}`}
                className="chip"
                current={state === word ? "true" : undefined}
              >
                {texts.state.delivery[word]}
              </Link>
            ))}
          </nav>
        </div>
        <Show of={list}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>{texts.deliveries.empty}</Empty>
            ) : (
              <ol>
                {[...items, ...following.items].map((delivery) => (
                  <DeliveryRow
                    key={delivery.id}
                    delivery={delivery}
                    current={delivery.id === id}
                    project={project}
                  />
                ))}
              </ol>
            )
          }
        </Show>
        <LoadMore of={following} />
      </section>
      {id === undefined ? (
        <p className="m choose">{texts.deliveries.choose}</p>
      ) : (
        <div>
          <p className="crumb only-narrow">
            <Link to={base}>{texts.deliveries.back}</Link>
          </p>
          <DeliveryCard id={id} />
        </div>
      )}
    </div>
  );
}

/** All deliveries of the server, those to unknown addresses too. */
export function DeliveriesPage(props: { readonly id: number | undefined }) {
  const texts = useTexts();
  useTitle(props.id === undefined ? texts.deliveries.title : texts.deliveries.delivery(props.id));
  return (
    <>
      <div className="eh">
        <h1>{texts.deliveries.title}</h1>
      </div>
      <DeliveriesList project={undefined} id={props.id} />
    </>
  );
}
