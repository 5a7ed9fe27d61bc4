import { z } from "zod";
import { NO_FAULTS } from "../../../../runners/faults.ts";
import type { OutsideFaults } from "../../../outside-points.ts";
import type { Channel, Outgoing, SendResult } from "../../channel.ts";
import type { Message } from "../../message.ts";

/** How to reach the mail server. */
export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  /** Refuse to send in clear text; off only for a relay on a plain network. */
  readonly requireTls: boolean;
  readonly login: (() => Promise<{ readonly user: string; readonly pass: string }>) | null;
  /** Address of the page, for the list header. */
  readonly publicUrl: string;
  readonly faults?: OutsideFaults;
}

const Failure = z.object({
  code: z.string().optional(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  message: z.string().optional(),
});

/**
 * Mail through one server, a connection for each burst. A refusal with 5xx, a wrong login and a refused recipient are
 * for a person to mend; everything else is tried again.
 */
export function createEmailChannel(settings: EmailSettings): Channel {
  const { faults = NO_FAULTS } = settings;
  return {
    kind: "email",
    async send(outgoing, signal): Promise<SendResult> {
      const { createTransport } = await import("nodemailer");
      const login = settings.login === null ? null : await settings.login();
      const transport = createTransport({
        host: settings.host,
        port: settings.port,
        secure: settings.port === 465,
        requireTLS: settings.requireTls && settings.port !== 465,
        ...(login === null ? {} : { auth: login }),
        connectionTimeout: 10_000,
        greetingTimeout: 10_000,
        socketTimeout: 30_000,
        dnsTimeout: 10_000,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const stop = () => transport.close();
      signal.addEventListener("abort", stop, { once: true });
      try {
        const info = await faults.around("mail.send", () => transport.sendMail(mailOf(outgoing, settings)));
        if (info.rejected.length > 0)
          return { kind: "broken", answer: `refused for ${outgoing.recipient}: ${info.response}` };
        return { kind: "sent", answer: info.response };
      } catch (error) {
        return failed(error);
      } finally {
        signal.removeEventListener("abort", stop);
        transport.close();
      }
    },
    close() {},
  };
}

function failed(error: unknown): SendResult {
  const read = Failure.safeParse(error);
  const failure = read.success ? read.data : {};
  const answer = (failure.response ?? failure.message ?? failure.code ?? "the mail could not be sent").slice(
    0,
    512,
  );
  const permanent =
    failure.code === "EAUTH" || (failure.responseCode !== undefined && failure.responseCode >= 500);
  return permanent ? { kind: "broken", answer } : { kind: "retry", answer, afterMs: null };
}

function mailOf({ message, recipient, messageId, threadKey }: Outgoing, settings: EmailSettings) {
  const domain = domainOf(settings.from);
  const thread = threadKey === null ? null : `<${threadKey}@${domain}>`;
  return {
    from: settings.from.includes("<") ? settings.from : { name: "Sluice", address: settings.from },
    to: recipient,
    subject: `[${message.project}] ${message.title}`,
    messageId: `<${messageId}@${domain}>`,
    ...(thread === null ? {} : { inReplyTo: thread, references: thread }),
    list: { id: { url: `${slug(message.project)}.${domain}`, comment: `${message.project} builds` } },
    headers: {
      "Auto-Submitted": "auto-generated",
      Precedence: "bulk",
      "X-Auto-Response-Suppress": "All",
      "X-Sluice-Project": message.project,
      "X-Sluice-Status": message.event,
    },
    text: textOf(message),
    html: htmlOf(message),
  };
}

function domainOf(from: string): string {
  const at = from.lastIndexOf("@");
  return at === -1 ? "localhost" : from.slice(at + 1).replaceAll(/[>\s]/g, "");
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/** The plain part: complete by itself, each link on a line of its own. */
export function textOf(message: Message): string {
  const parts = [message.title];
  if (message.body !== null) parts.push(message.html === true ? stripped(message.body) : message.body);
  if (message.facts.length > 0)
    parts.push(message.facts.map(({ label, value }) => `${label}: ${value}`).join("\n"));
  if (message.excerpt !== null && message.excerpt !== "") parts.push(message.excerpt);
  if (message.links.length > 0)
    parts.push(message.links.map(({ label, url }) => `${label}:\n${url}`).join("\n\n"));
  return `${parts.join("\n\n")}\n`;
}

/** The same with tables and inline styles, which is all that mail programs share. */
export function htmlOf(message: Message): string {
  const facts = message.facts
    .map(({ label, value, href }) => {
      const shown = href === null ? escape(value) : `<a href="${escape(href)}">${escape(value)}</a>`;
      return `<tr><td style="padding:2px 16px 2px 0;color:#667085">${escape(label)}</td><td style="padding:2px 0">${shown}</td></tr>`;
    })
    .join("");
  const body =
    message.body === null
      ? ""
      : message.html === true
        ? message.body
        : `<p style="white-space:pre-wrap">${escape(message.body)}</p>`;
  const excerpt =
    message.excerpt === null || message.excerpt === ""
      ? ""
      : `<pre style="font-size:12px;background:#f2f4f7;color:#101828;padding:12px;white-space:pre-wrap">${escape(message.excerpt)}</pre>`;
  const links = message.links
    .map(
      ({ label, url }) =>
        `<a href="${escape(url)}" style="display:inline-block;margin-right:16px">${escape(label)}</a>`,
    )
    .join("");
  return `<div style="max-width:600px;font-family:sans-serif;font-size:14px"><h2 style="font-size:18px">${escape(message.title)}</h2>${body}<table>${facts}</table>${excerpt}<p>${links}</p></div>`;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function stripped(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}
