import type { CallArguments } from "../interpreter/host.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { Description } from "./objects/description.ts";

/** The step that an old class of Jenkins stands for. */
const STEP_OF_CLASS: Readonly<Record<string, string>> = {
  JUnitResultArchiver: "junit",
  ArtifactArchiver: "archiveArtifacts",
  WsCleanup: "cleanWs",
  Mailer: "mail",
  ExtendedEmailPublisher: "emailext",
  HtmlPublisher: "publishHTML",
  GitHubCommitStatusSetter: "githubNotify",
  Fingerprinter: "fingerprint",
  JacocoPublisher: "jacoco",
  CoberturaPublisher: "cobertura",
};

/** `step([$class: 'JUnitResultArchiver', …])` and `step(junit(…))` as the call they mean; undefined when it is not known. */
export function callOfMetaStep(
  args: CallArguments,
  textOf: (value: Value) => string,
): { readonly name: string; readonly args: CallArguments } | undefined {
  const [first] = args.positional;
  const given = first instanceof MapValue ? first : args.named;
  const delegate = first ?? args.named?.get("delegate");
  if (delegate instanceof Description)
    return { name: delegate.symbol, args: { named: delegate.fields, positional: [] } };
  const fields = delegate instanceof MapValue ? delegate : given;
  if (fields === null || !fields.has("$class")) return undefined;
  const className =
    textOf(fields.get("$class") ?? "")
      .split(".")
      .at(-1) ?? "";
  const name = STEP_OF_CLASS[className];
  if (name === undefined) return undefined;
  const named = new MapValue();
  for (const entry of fields.entries.values()) {
    const key = textOf(entry.entryKey);
    if (key !== "$class") named.set(renamed(name, key), entry.value);
  }
  return { name, args: { named: name === "mail" ? mailFields(named) : named, positional: [] } };
}

function renamed(step: string, key: string): string {
  if (step === "mail" && key === "recipients") return "to";
  return step === "emailext" && key === "recipientList" ? "to" : key;
}

/** The old mailer had no text of its own: it told of the build. */
function mailFields(named: MapValue): MapValue {
  const fields = new MapValue();
  fields.set("to", named.get("to") ?? "");
  fields.set("subject", named.get("subject") ?? "The build needs a look");
  fields.set("body", named.get("body") ?? "See the page of the build.");
  return fields;
}
