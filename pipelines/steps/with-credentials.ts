import type { SecretKind, SecretPart, WantedSecret } from "../ports.ts";
import type { EnvLayer } from "../engine/context.ts";
import { bindSecrets } from "../engine/credentials.ts";
import type { Value } from "../interpreter/values.ts";
import { describedBy } from "./described.ts";
import { required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A key of Amazon's is a secret with the key's id as user name; the variables have names of their own when none are given. */
const AWS = [
  ["accessKeyVariable", "username", "AWS_ACCESS_KEY_ID"],
  ["secretKeyVariable", "password", "AWS_SECRET_ACCESS_KEY"],
] as const;

type Fields = readonly (readonly [field: string, part: SecretPart, standIn?: string])[];

interface Binding {
  readonly kind: SecretKind;
  readonly fields: Fields;
  /** Variables that come with it. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Git asks a program, which the runner puts into every container and which answers with these two variables. */
const GIT: Binding = {
  kind: "usernamePassword",
  fields: [
    ["", "username", "GIT_USERNAME"],
    ["", "password", "GIT_PASSWORD"],
  ],
  more: { GIT_ASKPASS: "/.sluice/bin/askpass", GIT_TERMINAL_PROMPT: "false" },
};

/** Which fields of a binding name which part of the secret. */
const BINDINGS: Readonly<Record<string, Binding>> = {
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
  gitUsernamePassword: GIT,
  GitUsernamePasswordBinding: GIT,
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
      "string, usernamePassword, gitUsernamePassword, usernameColonPassword, file or sshUserPrivateKey.",
    ),
  ],
  positional: "bindings",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "read",
  policy: "repeat",
  *behave(call) {
    const bindings = call.args.list("bindings").map((binding) => wantedSecret(call, binding));
    const wanted = bindings.map(({ want }) => want);
    const change = yield* bindSecrets(call.run, wanted, call.site);
    const more = new Map(bindings.flatMap((one) => Object.entries(one.more)));
    const names = wanted.flatMap((want) => Object.values(want.variables));
    call.run.print(`Masking supported pattern matches of ${names.map((name) => `$${name}`).join(" or ")}`);
    return yield* call.body({ ...change, layers: layerOver(change.layers ?? null, more) });
  },
});

function layerOver(parent: EnvLayer | null, values: ReadonlyMap<string, string>): EnvLayer | null {
  return values.size === 0 ? parent : { parent, values, isSecret: false };
}

const KEYSTORE = "keep the keystore as a secret of type file and its password as a string, and bind both";
const UNPACKED = "bind the archive with file(…), and unpack it by sh";

/** Kinds of secrets that the vault does not have. */
const INSTEAD: Readonly<Partial<Record<string, string>>> = {
  certificate: KEYSTORE,
  CertificateMultiBinding: KEYSTORE,
  zip: UNPACKED,
  ZipFileBinding: UNPACKED,
};

type Wanted = { readonly want: WantedSecret; readonly more: Readonly<Record<string, string>> };

function wantedSecret(call: StepCall, binding: Value): Wanted {
  const { symbol, fields } =
    describedBy(call, binding) ??
    call.refuse("each binding is a call such as string(credentialsId: 'id', variable: 'NAME')");
  const known = Object.hasOwn(BINDINGS, symbol) ? BINDINGS[symbol] : undefined;
  if (known === undefined)
    return call.refuse(
      `a binding "${symbol}" is not known here; ${INSTEAD[symbol] ?? "there are string, usernamePassword, gitUsernamePassword, usernameColonPassword, file and sshUserPrivateKey"}`,
    );
  const secret = call.run.textOf(fields.get("credentialsId") ?? "");
  if (secret === "") call.refuse(`${symbol}(…) lacks credentialsId`);
  const variables: Partial<Record<SecretPart, string>> = {};
  for (const [field, part, standIn] of known.fields) {
    const name = (field === "" ? null : fields.get(field)) ?? standIn ?? null;
    if (name !== null) variables[part] = call.run.textOf(name);
  }
  return { want: { secret, kind: known.kind, variables }, more: known.more ?? {} };
}
