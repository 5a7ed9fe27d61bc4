import type { CaughtMail } from "../../test/support/services/smtp.ts";
import type { ChatMessage } from "./chat-catcher.ts";

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid #ccc;border-radius:8px;padding:1rem;margin:1rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere}button{font:inherit;padding:.4rem 1rem}`;

/** The caught mails, newest first, with a button that breaks the sample. */
export function mailsPage(mails: readonly CaughtMail[]): string {
  const list = mails.toReversed().map(
    (mail) => `<article><h2>${escaped(mail.parsed.subject ?? "")}</h2>
      <p>from ${escaped(mail.from)} to ${escaped(mail.to.join(", "))}</p>
      <pre>${linked(mail.parsed.text ?? "")}</pre></article>`,
  );
  return page(
    "Mails",
    `<form method="post" action="/break"><button>Push a commit with a failing test</button></form>
     ${list.join("") || "<p>No mail yet.</p>"}`,
  );
}

/** The caught chat messages as they arrived, newest first. */
export function chatPage(messages: readonly ChatMessage[]): string {
  const list = messages.toReversed().map(({ atMs, body }) => {
    const at = new Date(atMs).toISOString();
    return `<article><p>${at}</p><pre>${linked(indented(body))}</pre></article>`;
  });
  return page("Chat", list.join("") || "<p>No message yet.</p>");
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style>
    <h1>${title} caught by the demo</h1>${body}</html>`;
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function linked(text: string): string {
  // A full stop or bracket after an address belongs to the sentence.
  const address = /https?:\/\/[^\s<>"')\]|]*[^\s<>"')\]|.,;:]/gu;
  return escaped(text).replace(address, (url) => `<a href="${url}">${url}</a>`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/gu, (character) => `&#${character.codePointAt(0)};`);
}
