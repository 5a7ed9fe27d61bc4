import { PlainObject } from "../engine/objects/plain-object.ts";
import { ClassRef } from "../interpreter/values.ts";
import { required } from "./signature.ts";
import { done, step } from "./step.ts";

/** Asks whether there is an agent around, in Jenkins' way. */
export const getContext = step({
  name: "getContext",
  doc: "Gives an object that says there is an agent around (hudson.FilePath, hudson.Launcher), or null; it can do nothing.",
  parameters: [required("type", "any", "The class asked for.")],
  positional: "type",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const type = call.args.value("type");
    const name = type instanceof ClassRef ? type.name : call.run.textOf(type);
    if (name !== "hudson.FilePath" && name !== "hudson.Launcher")
      return call.refuse(`${name} is one of Jenkins' own objects, which are not here`);
    const { session, cwd } = call.run.context;
    return done(session === null ? null : new PlainObject(name, [["remote", cwd]], cwd));
  },
});
