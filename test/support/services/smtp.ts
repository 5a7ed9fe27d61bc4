import { once } from "node:events";

import PostalMime from "postal-mime";
import type { Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

import { until } from "./until.ts";
import type { Patience } from "./until.ts";

/** One mail as it arrived: who it was for in the SMTP dialogue, its text as sent, and what a reader would see. */
export interface CaughtMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: Email;
}

/** A mail server that keeps every mail and delivers none. */
export interface MailCatcher {
  readonly port: number;
  readonly mails: readonly CaughtMail[];
  /** The first mail, past or to come, that `isWanted`. */
  waitFor(what: string, isWanted: (mail: CaughtMail) => boolean, patience?: Patience): Promise<CaughtMail>;
  /** Recipients refused with 550 from now on. */
  refuse(address: string): void;
  stop(): Promise<void>;
}

/** Starts a mail server on loopback. With `credentials` it insists on sign-in. */
export async function startMailCatcher(
  options: {
    readonly port?: number;
    readonly credentials?: { readonly username: string; readonly password: string };
    readonly onMail?: (mail: CaughtMail) => void;
  } = {},
): Promise<MailCatcher> {
  const mails: CaughtMail[] = [];
  const refused = new Set<string>();
  const { credentials } = options;
  const server = new SMTPServer({
    authOptional: credentials === undefined,
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    onAuth(auth, _session, answer) {
      const right = auth.username === credentials?.username && auth.password === credentials?.password;
      answer(right ? null : new Error("wrong user or password"), right ? { user: auth.username } : undefined);
    },
    onRcptTo(address, _session, answer) {
      answer(
        refused.has(address.address)
          ? Object.assign(new Error("no such mailbox"), { responseCode: 550 })
          : null,
      );
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        keep(Buffer.concat(chunks), mailFrom === false ? "" : mailFrom.address, rcptTo.map(addressOf)).then(
          () => answer(),
          answer,
        );
      });
    },
  });
  const keep = async (raw: Buffer, from: string, to: string[]): Promise<void> => {
    const mail = { from, to, raw: raw.toString(), parsed: await PostalMime.parse(raw) };
    mails.push(mail);
    options.onMail?.(mail);
  };
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    port: address.port,
    mails,
    waitFor: async (what, isWanted, patience) =>
      await until(`a mail arrives: ${what}`, () => mails.find(isWanted), patience),
    refuse: (recipient) => void refused.add(recipient),
    stop: async () => await new Promise((resolve) => server.close(resolve)),
  };
}

function addressOf(recipient: { address: string }): string {
  return recipient.address;
}
