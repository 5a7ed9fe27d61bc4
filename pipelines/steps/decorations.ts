import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** Times are on the page for every line; the block only runs. */
export const timestamps = step({
  name: "timestamps",
  doc: "Runs the block. The page shows the time of each line anyway.",
  parameters: [],
  positional: null,
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave: (call) => call.body(),
});

/** Colours are shown for every log; the block only runs. */
export const ansiColor = step({
  name: "ansiColor",
  doc: "Runs the block. The page shows colours anyway.",
  parameters: [optional("colorMapName", "string", "Has no effect here.", "xterm")],
  positional: "colorMapName",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave: (call) => call.body(),
});
