import { useState } from "react";
import type { Notification } from "../../../../server/http/contract/system.ts";
import { useApi, useMe, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { useFollowing } from "../../app/use-list.ts";
import { ActError } from "../../parts/field.tsx";
import { LoadMore } from "../../parts/load-more.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, Empty, Pill } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";
import type { Look } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link, usePlace } from "../../routing/location.tsx";

const STATES = ["pending", "sent", "retrying", "dead"] as const satisfies readonly Notification["state"][];

const LOOK: Readonly<Record<Notification["state"], Look>> = {
  pending: { icon: "queued", tone: "queued" },
  sent: { icon: "succeeded", tone: "succeeded" },
  retrying: { icon: "unstable", tone: "unstable" },
  dead: { icon: "failed", tone: "failed" },
};

function Row(props: { readonly message: Notification; readonly reload: () => void }) {
  const { message } = props;
  const texts = useTexts();
  const me = useMe();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [sent, setSent] = useState(false);
  const resend = (): Promise<void> =>
    act.run(async () => {
      await api.send<"resendNotification">("POST", `/notifications/${message.id}/resend`, {});
      setSent(true);
      props.reload();
    });
  const may = me.role !== "viewer" && me.role !== "developer";
  return (
    <tr>
      <th scope="row">
        {Object.entries(texts.notifications.events).find(([event]) => event === message.event)?.[1] ??
          message.event}{" "}
        {message.build === null ? (
          <span className="m">{message.project}</span>
        ) : (
          <Link to={message.build.path}>
            {message.project} #{message.build.number}
          </Link>
        )}
        <span className="meta block">
          <Moment atMs={message.createdAtMs} />
        </span>
      </th>
      <td>
        <code>{message.channel}</code>
        <span className="meta block">{message.recipients.join(", ")}</span>
      </td>
      <td>
        <Pill look={LOOK[message.state]}>{texts.state.notification[message.state]}</Pill>
        <span className="meta block">
          {texts.notifications.tries(message.attempts)}
          {message.nextAtMs === null || message.state !== "retrying" ? null : (
            <>
              {", "}
              {texts.notifications.nextTry("")}
              <Moment atMs={message.nextAtMs} />
            </>
          )}
        </span>
        {message.error === null ? null : <span className="bad-ink block">{message.error}</span>}
        <ActError act={act} />
      </td>
      <td className="num">
        {message.state === "dead" && may && !sent ? (
          <button
            type="button"
            className="btn sm"
            disabled={act.busy || stale !== undefined}
            aria-label={texts.notifications.resendWhat(message.id)}
            onClick={() => void resend()}
          >
            {texts.notifications.resend}
          </button>
        ) : null}
        <span role="status">{sent ? texts.notifications.resent : ""}</span>
      </td>
    </tr>
  );
}

/** Messages to people: what was sent, what is tried again, and what waits for somebody to send it again. */
export function NotificationsPart() {
  const texts = useTexts();
  const { address } = usePlace();
  const state = STATES.find((word) => word === address.query.get("state"));
  const path = `/notifications?limit=50${state === undefined ? "" : `&state=${state}`}`;
  const list = useAnswer<"notifications">(path, (event) => event.type === "notification.changed");
  const following = useFollowing<Notification>(path, list.value, (api, cursor) =>
    api.read<"notifications">(`${path}&after=${encodeURIComponent(cursor)}`),
  );
  const base = links.setting("notifications");
  return (
    <Card
      id="no"
      title={texts.notifications.title}
      aside={
        <nav className="chips" aria-label={texts.notifications.filter}>
          <Link to={base} className="chip" current={state === undefined ? "true" : undefined}>
            {texts.notifications.all}
          </Link>
          {STATES.map((word) => (
            <Link
              key={word}
              to={`${base}?state=${word}`}
              className="chip"
              current={state === word ? "true" : undefined}
            >
              {texts.state.notification[word]}
            </Link>
          ))}
        </nav>
      }
    >
      <Show of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{texts.notifications.empty}</Empty>
          ) : (
            <table className="grid-t">
              <thead>
                <tr>
                  <th scope="col">{texts.notifications.event}</th>
                  <th scope="col">{texts.notifications.channel}</th>
                  <th scope="col">{texts.common.state}</th>
                  <th scope="col">
                    <span className="vh">{texts.common.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {[...items, ...following.items].map((message) => (
                  <Row key={message.id} message={message} reload={list.reload} />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
      <LoadMore of={following} />
    </Card>
  );
}
