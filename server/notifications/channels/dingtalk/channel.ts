import { createHmac } from "node:crypto";
import { z } from "zod";
import { NO_FAULTS } from "../../../../runners/faults.ts";
import type { OutsideFaults } from "../../../outside-points.ts";
import type { Channel, SendResult } from "../../channel.ts";
import { cutToBytes, type Message } from "../../message.ts";
import { postJson } from "../../post.ts";

/** Where a robot is, and how it is convinced. */
export interface DingTalkAddress {
  readonly url: string;
  /** `SEC…`; null when the robot asks for a keyword or an address range instead. */
  readonly signingSecret: string | null;
  /** Appended when the robot insists on it and the message lacks it. */
  readonly keyword: string | null;
}

const Answer = z.object({ errcode: z.number().optional(), errmsg: z.string().optional() });

/** "Too fast" and "busy": the only refusals that time alone ends. */
const PASSING = new Set([130101, 410100, -1]);

/**
 * A DingTalk group robot. It answers 200 whatever happens; only `errcode` 0 means that the message was taken.
 * Source: https://open.dingtalk.com/document/orgapp/custom-robot-access
 */
export function createDingTalkChannel(
  address: () => Promise<DingTalkAddress>,
  nowMs: () => number,
  faults: OutsideFaults = NO_FAULTS,
): Channel {
  return {
    kind: "dingtalk",
    async send({ message }, signal): Promise<SendResult> {
      const robot = await address();
      const url = robot.signingSecret === null ? robot.url : signed(robot.url, robot.signingSecret, nowMs());
      const answer = await postJson(url, dingTalkBody(message, robot.keyword), signal, faults);
      if (answer.kind === "away") return { kind: "retry", answer: answer.text, afterMs: null };
      const said = `${answer.status} ${answer.body}`.trim();
      if (answer.status !== 200) return { kind: "retry", answer: said, afterMs: answer.retryAfterMs };
      const read = Answer.safeParse(parsed(answer.body));
      if (!read.success || read.data.errcode === undefined)
        return { kind: "retry", answer: said, afterMs: null };
      if (read.data.errcode === 0) return { kind: "sent", answer: said };
      return PASSING.has(read.data.errcode)
        ? { kind: "retry", answer: said, afterMs: 60_000 }
        : { kind: "broken", answer: said };
    },
    close() {},
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The address with time and signature, as the robot's security setting "sign" wants it. */
export function signed(url: string, secret: string, atMs: number): string {
  const sign = createHmac("sha256", secret).update(`${atMs}\n${secret}`).digest("base64");
  const result = new URL(url);
  result.searchParams.set("timestamp", `${atMs}`);
  result.searchParams.set("sign", sign);
  return result.href;
}

/** The message in DingTalk's few Markdown forms; code blocks do not work there, so the log's end is a quote. */
export function dingTalkBody(message: Message, keyword: string | null): object {
  const lines = [`### ${plain(message.title)}`];
  for (const { label, value, href } of message.facts)
    lines.push(`- **${plain(label)}**: ${href === null ? plain(value) : `[${plain(value)}](${href})`}`);
  if (message.body !== null) lines.push(plain(message.body));
  if (message.excerpt !== null && message.excerpt !== "")
    lines.push(
      cutToBytes(message.excerpt, 6000)
        .split("\n")
        .map((line) => `> ${plain(line)}  `)
        .join("\n"),
    );
  const links = message.links.map(({ label, url }) => `[${plain(label)}](${url})`).join(" · ");
  let text = cutToBytes(lines.join("\n\n"), 17_000);
  if (keyword !== null && !text.includes(keyword)) text += `\n\n${keyword}`;
  if (links !== "") text += `\n\n${links}`;
  return {
    msgtype: "markdown",
    markdown: { title: cutToBytes(message.title, 200), text },
    at: { isAtAll: false },
  };
}

/** Text of other people: no mention, no markup of theirs. */
function plain(text: string): string {
  return text
    .replaceAll("@", "@\u200B")
    .replaceAll("<", "＜")
    .replaceAll(/([[\]*_`#])/g, "\\$1");
}
