import { withContainer } from "../engine/container.ts";
import { containerOf, registryUse } from "../engine/objects/docker.ts";
import { Description } from "../engine/objects/description.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A login for a block. */
export const withDockerRegistry = step({
  name: "withDockerRegistry",
  doc: "Signs in at a registry for the block.",
  parameters: [
    optional("url", "string", "Address of the registry; absent: Docker's own."),
    optional("credentialsId", "string", "Name of the secret."),
    optional("toolName", "string", "Has no effect here."),
    optional("registry", "any", "Old form: a map with url and credentialsId."),
  ],
  positional: "registry",
  block: "required",
  isOption: false,
  needsAgent: true,
  kind: "none",
  policy: "none",
  *behave(call) {
    const registry = registryUse(field(call, "url") ?? "", field(call, "credentialsId"));
    return yield* call.body({ registry });
  },
});

function field(call: StepCall, name: string): string | null {
  const given = call.args.optionalText(name);
  const old = call.args.value("registry");
  const map = old instanceof Description ? old.fields : old;
  if (given !== null || !(map instanceof MapValue)) return given;
  const value = map.get(name) ?? null;
  return value === null ? null : call.run.textOf(value);
}

/** A container for a block. */
export const withDockerContainer = step({
  name: "withDockerContainer",
  doc: "Runs the block's steps in a container of an image.",
  parameters: [
    required("image", "string", "The image."),
    optional("args", "string", "Options of docker run.", ""),
    optional("toolName", "string", "Has no effect here."),
  ],
  positional: "image",
  block: "required",
  needsAgent: true,
  kind: "container",
  policy: "reattach",
  *behave(call) {
    const session = call.session();
    const container = containerOf(call.run, call.args.text("image"), call.args.text("args"));
    const want = { container, role: "inside" as const, command: [] };
    return yield* withContainer(call.run, session, want, call.site, () => {
      const inside = call.run.context.session;
      return call.body({ session: inside });
    });
  },
});
