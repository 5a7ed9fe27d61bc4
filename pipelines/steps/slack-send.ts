import { toStored, toValue } from "../engine/convert.ts";
import { noteOutward } from "../engine/session.ts";
import type { Stored } from "../ports.ts";
import { optional } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A message to Slack. */
export const slackSend = step({
  name: "slackSend",
  doc: "Sends a message to Slack.",
  parameters: [
    optional("message", "string", "Text.", ""),
    optional("color", "string", "good, warning, danger or #rrggbb."),
    optional("channel", "string", "Channel or person."),
    optional("token", "string", "Refused in files: use tokenCredentialId."),
    optional("tokenCredentialId", "string", "Name of the secret."),
    optional("botUser", "boolean", "Has no effect here."),
    optional("baseUrl", "string", "Address of a compatible service."),
    optional("teamDomain", "string", "Has no effect here."),
    optional("failOnError", "boolean", "Fail when it cannot be sent.", false),
    optional("attachments", "any", "As Slack's API takes them."),
    optional("blocks", "any", "As Slack's API takes them."),
    optional("timestamp", "string", "Message to answer in its thread."),
    optional("replyBroadcast", "boolean", "Has no effect here."),
    optional("sendAsText", "boolean", "Has no effect here."),
    optional("iconEmoji", "string", "Has no effect here."),
    optional("username", "string", "Has no effect here."),
    optional("notifyCommitters", "boolean", "Has no effect here."),
  ],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "message",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    call.label(args.text("message"));
    noteOutward(call.run);
    const sent = yield* call.effect({
      kind: "message",
      channel: "slack",
      to: args.optionalText("channel"),
      text: args.text("message"),
      color: args.optionalText("color"),
      credential: args.optionalText("tokenCredentialId"),
      baseUrl: args.optionalText("baseUrl"),
      blocks: plain(call, "blocks"),
      attachments: plain(call, "attachments"),
      threadTs: args.optionalText("timestamp"),
    });
    return toValue(sent);
  },
});

function plain(call: StepCall, name: string): Stored {
  return toStored(
    call.args.value(name),
    (value) => call.run.textOf(value),
    (what) => call.refuse(`cannot send ${what} as ${name}`),
  );
}
