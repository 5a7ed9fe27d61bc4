import { NO_FAULTS } from "../../../../runners/faults.ts";
import type { OutsideFaults } from "../../../outside-points.ts";
import type { Channel, SendResult } from "../../channel.ts";
import { cutToBytes, type Message } from "../../message.ts";
import { postJson } from "../../post.ts";

const MARK: Readonly<Record<Message["event"], string>> = {
  failed: "❌",
  still_failing: "❌",
  fixed: "✅",
  succeeded: "✅",
  aborted: "⏹",
  gate_open: "✋",
  deployed: "🚀",
  deploy_failed: "❌",
  rolled_back: "↩️",
  step: "",
};

/** Words of a refusal that only a change of settings can end. Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const PERMANENT = new Set([400, 401, 403, 404, 410]);

/** A Slack incoming webhook. Success is the status 200 with the body `ok`, nothing else. */
export function createSlackChannel(
  address: () => Promise<string>,
  faults: OutsideFaults = NO_FAULTS,
): Channel {
  return {
    kind: "slack",
    async send({ message }, signal): Promise<SendResult> {
      const answer = await postJson(await address(), slackBody(message), signal, faults);
      if (answer.kind === "away") return { kind: "retry", answer: answer.text, afterMs: null };
      const said = `${answer.status} ${answer.body}`.trim();
      if (answer.status === 200 && answer.body.trim() === "ok") return { kind: "sent", answer: said };
      if (PERMANENT.has(answer.status)) return { kind: "broken", answer: said };
      return { kind: "retry", answer: said, afterMs: answer.retryAfterMs };
    },
    close() {},
  };
}

/** The message as Slack's blocks. Escaping `&`, `<` and `>` also disarms `<!channel>` and `<@…>`. */
export function slackBody(message: Message): object {
  const title = `${MARK[message.event]} ${message.title}`.trim();
  const blocks: object[] = [{ type: "header", text: { type: "plain_text", text: cutToBytes(title, 150) } }];
  const fields = message.facts.slice(0, 10).map(({ label, value, href }) => {
    const shown = escape(value).slice(0, 1500);
    return { type: "mrkdwn", text: `*${escape(label)}*\n${href === null ? shown : `<${href}|${shown}>`}` };
  });
  if (fields.length > 0) blocks.push({ type: "section", fields });
  if (message.body !== null)
    blocks.push({ type: "section", text: { type: "mrkdwn", text: cutToBytes(escape(message.body), 2900) } });
  if (message.excerpt !== null && message.excerpt !== "") {
    const code = cutToBytes(escape(message.excerpt.replaceAll("```", "ʼʼʼ")), 2800);
    blocks.push({ type: "section", text: { type: "mrkdwn", text: `\`\`\`${code}\`\`\`` } });
  }
  const buttons = message.links.slice(0, 5).map(({ label, url }) => ({
    type: "button",
    text: { type: "plain_text", text: label.slice(0, 75) },
    url,
  }));
  if (buttons.length > 0) blocks.push({ type: "actions", elements: buttons });
  return { text: escape(title), unfurl_links: false, blocks };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
