import { Description } from "../engine/objects/description.ts";
import { noteOutward } from "../engine/session.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { addresses } from "./mail.ts";
import { optional } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A mail with tokens, attachments and recipients found by rule. */
export const emailext = step({
  name: "emailext",
  aliases: ["emailExt"],
  doc: "Sends a mail; $BUILD_URL, ${JOB_NAME} and other variables are replaced in subject and body.",
  parameters: [
    optional("subject", "string", "Subject.", "$DEFAULT_SUBJECT"),
    optional("body", "string", "Text.", "$DEFAULT_CONTENT"),
    optional("to", "string", "Addresses; `cc:` and `bcc:` in front of one move it there."),
    optional("from", "string", "Sender."),
    optional("replyTo", "string", "Where answers go."),
    optional("mimeType", "string", "text/html for HTML.", "text/plain"),
    optional("attachLog", "boolean", "Attach the console.", false),
    optional("compressLog", "boolean", "Attach it zipped.", false),
    optional("attachmentsPattern", "string", "Ant patterns of files to attach."),
    optional("inlineAttachmentsPattern", "string", "Has no effect here."),
    optional("recipientProviders", "list", "developers(), culprits(), requestor() and so on."),
    optional("presendScript", "string", "Has no effect here."),
    optional("postsendScript", "string", "Has no effect here."),
    optional("saveOutput", "boolean", "Has no effect here."),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "message",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    const all = addresses(args.text("to"));
    const pattern = args.optionalText("attachmentsPattern");
    const { session, cwd } = run.context;
    const subject = expand(call, args.text("subject"));
    call.label(subject);
    noteOutward(run);
    yield* call.effect({
      kind: "message",
      channel: "mail",
      subject,
      body: expand(call, args.text("body")),
      html: args.text("mimeType").toLowerCase().includes("html"),
      to: all.filter((address) => !/^b?cc:/i.test(address)),
      cc: all.filter((address) => /^cc:/i.test(address)).map((address) => address.slice(3)),
      bcc: all.filter((address) => /^bcc:/i.test(address)).map((address) => address.slice(4)),
      from: args.optionalText("from"),
      replyTo: args.optionalText("replyTo"),
      providers: args.list("recipientProviders").map((value) => providerName(call, value)),
      attachLog: args.flag("attachLog") || args.flag("compressLog"),
      attachments:
        pattern === null || session === null ? null : { session: session.id, dir: cwd, includes: pattern },
    });
    return null;
  },
});

function providerName(call: StepCall, value: Value): string {
  if (value instanceof Description) return value.symbol;
  const name = value instanceof MapValue ? call.run.textOf(value.get("$class") ?? "") : "";
  const short = (name.split(".").at(-1) ?? "").replace(/RecipientProvider$/, "");
  return short.charAt(0).toLowerCase() + short.slice(1);
}

function expand(call: StepCall, text: string): string {
  const { run } = call;
  const { jobName } = run.head.project;
  const status = run.build.shownResult ?? "SUCCESS";
  const known: Readonly<Record<string, string>> = {
    DEFAULT_SUBJECT: `${jobName} - Build # ${run.head.build.number} - ${status}!`,
    DEFAULT_CONTENT: `${jobName} - Build # ${run.head.build.number} - ${status}:\n\nCheck console output at ${run.head.build.url} to view the results.`,
    PROJECT_NAME: jobName,
    PROJECT_URL: run.head.project.url,
    BUILD_STATUS: status,
  };
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare ?? "";
      return known[name] ?? run.variable(name) ?? whole;
    },
  );
}
