import type { SecretKind, SecretPart, WantedSecret } from "../ports.ts";
import { bindSecrets } from "../engine/credentials.ts";
import { Description } from "../engine/objects/description.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A key of Amazon's is a secret with the key's id as user name; the variables have names of their own when none are given. */
const AWS = [
  ["accessKeyVariable", "username", "AWS_ACCESS_KEY_ID"],
  ["secretKeyVariable", "password", "AWS_SECRET_ACCESS_KEY"],
] as const;

type Fields = readonly (readonly [field: string, part: SecretPart, standIn?: string])[];

/** Which fields of a binding name which part of the secret. */
const BINDINGS: Readonly<Record<string, { kind: SecretKind; fields: Fields }>> = {
  string: { kind: "string", fields: [["variable", "text"]] },
  StringBinding: { kind: "string", fields: [["variable", "text"]] },
  usernamePassword: {
    kind: "usernamePassword",
    fields: [
      ["usernameVariable", "username"],
      ["passwordVariable", "password"],
    ],
  },
  UsernamePasswordMultiBinding: {
    kind: "usernamePassword",
    fields: [
      ["usernameVariable", "username"],
      ["passwordVariable", "password"],
    ],
  },
  aws: { kind: "usernamePassword", fields: AWS },
  AmazonWebServicesCredentialsBinding: { kind: "usernamePassword", fields: AWS },
  usernameColonPassword: { kind: "usernameColonPassword", fields: [["variable", "userpass"]] },
  UsernamePasswordBinding: { kind: "usernameColonPassword", fields: [["variable", "userpass"]] },
  file: { kind: "file", fields: [["variable", "file"]] },
  FileBinding: { kind: "file", fields: [["variable", "file"]] },
  sshUserPrivateKey: {
    kind: "sshUserPrivateKey",
    fields: [
      ["keyFileVariable", "key"],
      ["usernameVariable", "username"],
      ["passphraseVariable", "passphrase"],
    ],
  },
  SSHUserPrivateKeyBinding: {
    kind: "sshUserPrivateKey",
    fields: [
      ["keyFileVariable", "key"],
      ["usernameVariable", "username"],
      ["passphraseVariable", "passphrase"],
    ],
  },
};

/** Secrets as variables for a block. */
export const withCredentials = step({
  name: "withCredentials",
  doc: "Puts secrets into environment variables for the block; the log shows them as ****.",
  parameters: [
    required(
      "bindings",
      "list",
      "string, usernamePassword, usernameColonPassword, file or sshUserPrivateKey.",
    ),
  ],
  positional: "bindings",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "read",
  policy: "repeat",
  *behave(call) {
    const wanted = call.args.list("bindings").map((binding) => wantedSecret(call, binding));
    const change = yield* bindSecrets(call.run, wanted, call.site);
    const names = wanted.flatMap((want) => Object.values(want.variables));
    call.run.print(`Masking supported pattern matches of ${names.map((name) => `$${name}`).join(" or ")}`);
    return yield* call.body(change);
  },
});

function wantedSecret(call: StepCall, binding: Value): WantedSecret {
  const { symbol, fields } = read(call, binding);
  const known = BINDINGS[symbol];
  if (known === undefined)
    return call.refuse(
      `a binding "${symbol}" is not known here; there are string, usernamePassword, usernameColonPassword, file and sshUserPrivateKey`,
    );
  const secret = call.run.textOf(fields.get("credentialsId") ?? "");
  if (secret === "") call.refuse(`${symbol}(…) lacks credentialsId`);
  const variables: Partial<Record<SecretPart, string>> = {};
  for (const [field, part, standIn] of known.fields) {
    const name = fields.get(field) ?? standIn ?? null;
    if (name !== null) variables[part] = call.run.textOf(name);
  }
  return { secret, kind: known.kind, variables };
}

function read(call: StepCall, binding: Value): { symbol: string; fields: MapValue } {
  if (binding instanceof Description) return binding;
  if (binding instanceof MapValue && binding.has("$class")) {
    const name = call.run.textOf(binding.get("$class") ?? "");
    return { symbol: name.split(".").at(-1) ?? name, fields: binding };
  }
  return call.refuse("each binding is a call such as string(credentialsId: 'id', variable: 'NAME')");
}
