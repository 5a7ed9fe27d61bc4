import type { Message } from "./message.ts";

/** What came of one attempt to send. `broken`: trying again cannot help until somebody changes the settings. */
export type SendResult =
  | { readonly kind: "sent"; readonly answer: string }
  | { readonly kind: "retry"; readonly answer: string; readonly afterMs: number | null }
  | { readonly kind: "broken"; readonly answer: string };

/** One message to one recipient. `messageId` is the same in every repeat. */
export interface Outgoing {
  readonly message: Message;
  /** An address for mail; empty for a robot, whose address is its own. */
  readonly recipient: string;
  readonly messageId: string;
  readonly threadKey: string | null;
}

/**
 * A way to tell people. `send` never throws: a refusal, an error body behind a 200 and a silent server are all values.
 * Repeats are safe only in the sense that a duplicate beats silence. An answer never holds the channel's address,
 * because such addresses are secrets.
 */
export interface Channel {
  readonly kind: "email" | "slack" | "dingtalk";
  send(outgoing: Outgoing, signal: AbortSignal): Promise<SendResult>;
  close(): void;
}
