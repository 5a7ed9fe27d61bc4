import { noteOutward } from "../engine/session.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** A plain mail. */
export const mail = step({
  name: "mail",
  doc: "Sends a mail.",
  parameters: [
    required("subject", "string", "Subject."),
    required("body", "string", "Text."),
    optional("to", "string", "Addresses, separated by commas or blanks."),
    optional("cc", "string", "Addresses."),
    optional("bcc", "string", "Addresses."),
    optional("from", "string", "Sender."),
    optional("replyTo", "string", "Where answers go."),
    optional("charset", "string", "Has no effect: mails are UTF-8."),
    optional("mimeType", "string", "text/html for HTML.", "text/plain"),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "message",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    const [to, cc, bcc] = [
      addresses(args.text("to")),
      addresses(args.text("cc")),
      addresses(args.text("bcc")),
    ];
    if (to.length + cc.length + bcc.length === 0)
      return call.fail("Address is required for 'mail' step: to, cc or bcc");
    call.label(args.text("subject"));
    noteOutward(call.run);
    yield* call.effect({
      kind: "message",
      channel: "mail",
      subject: args.text("subject"),
      body: args.text("body"),
      html: args.text("mimeType").toLowerCase().includes("html"),
      to,
      cc,
      bcc,
      from: args.optionalText("from"),
      replyTo: args.optionalText("replyTo"),
      providers: [],
      attachLog: false,
      attachments: null,
    });
    return null;
  },
});

/** Addresses as people write them in one text. */
export function addresses(text: string): string[] {
  return text.split(/[\s,;]+/).filter((address) => address !== "");
}
