import { noteOutward } from "../engine/session.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** A message to DingTalk. */
export const dingtalk = step({
  name: "dingtalk",
  aliases: ["dingTalk"],
  doc: "Sends a message through a DingTalk robot.",
  parameters: [
    required("robot", "string", "Name of the channel or robot."),
    optional("type", { oneOf: ["TEXT", "LINK", "MARKDOWN", "ACTION_CARD"] }, "Kind of message.", "TEXT"),
    optional("at", "list", "Mobile numbers of people to call."),
    optional("atAll", "boolean", "Call everybody.", false),
    optional("title", "string", "Title.", ""),
    optional("text", "list", "Lines of text."),
    optional("messageUrl", "string", "Where a LINK leads."),
    optional("picUrl", "string", "Picture of a LINK."),
    optional("singleTitle", "string", "Text of the one button."),
    optional("singleUrl", "string", "Where it leads."),
    optional("btns", "list", "Buttons: maps with title and actionUrl."),
    optional("btnLayout", "string", "Has no effect here."),
    optional("hideAvatar", "boolean", "Has no effect here."),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "message",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    call.label(args.text("title"));
    const buttons = args
      .list("btns")
      .flatMap((button) =>
        button instanceof MapValue
          ? [{ title: run.textOf(button.get("title") ?? ""), url: run.textOf(button.get("actionUrl") ?? "") }]
          : [],
      );
    const single = args.optionalText("singleTitle");
    noteOutward(run);
    yield* call.effect({
      kind: "message",
      channel: "dingtalk",
      robot: args.text("robot"),
      type: args.text("type"),
      title: args.text("title"),
      text: args.texts("text").join("\n"),
      at: args.texts("at"),
      atAll: args.flag("atAll"),
      messageUrl: args.optionalText("messageUrl"),
      picUrl: args.optionalText("picUrl"),
      buttons: single === null ? buttons : [{ title: single, url: args.text("singleUrl") }],
    });
    return null;
  },
});
