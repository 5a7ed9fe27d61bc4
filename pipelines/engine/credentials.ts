import type { EffectId, SecretKind, SecretPart, SecretRef, Stored, WantedSecret } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Site } from "../interpreter/thrown.ts";
import type { Run } from "./build.ts";
import type { Context } from "./context.ts";
import { fieldOf, isList, textIn } from "./convert.ts";

/** Binds secrets and runs `body` with their variables. */
export function* withSecrets<T>(
  run: Run,
  wanted: readonly WantedSecret[],
  site: Site,
  body: () => Flow<T>,
): Flow<T> {
  if (wanted.length === 0) return yield* body();
  return yield* run.within(yield* bindSecrets(run, wanted, site), body);
}

/** Binds secrets: gives the change of context that puts their variables in scope. */
export function* bindSecrets(run: Run, wanted: readonly WantedSecret[], site: Site): Flow<Partial<Context>> {
  let id: EffectId = "";
  const args: Stored = wanted.map((want) => ({
    secret: want.secret,
    kind: want.kind,
    variables: { ...want.variables },
  }));
  const value = yield* run.effect(
    {
      kind: "read",
      name: "credentials",
      args,
      request: { kind: "read", op: "credentials", wanted },
      policy: "repeat",
      stepNo: null,
      site,
    },
    (begun) => {
      id = begun;
    },
  );
  const values = new Map<string, string>();
  const refs: SecretRef[] = [];
  for (const bound of isList(value) ? value : []) refs.push(readBound(run, id, bound, values));
  const { layers, secrets } = run.context;
  return { layers: { parent: layers, values, isSecret: true }, secrets: [...secrets, ...refs] };
}

function readBound(run: Run, binding: EffectId, bound: Stored, values: Map<string, string>): SecretRef {
  const variables: { name: string; part: SecretPart; path: string | null }[] = [];
  const secret = textIn(fieldOf(bound, "secret"));
  const given = fieldOf(bound, "variables");
  for (const variable of isList(given) ? given : []) {
    const name = textIn(fieldOf(variable, "name"));
    const value = textIn(fieldOf(variable, "value"));
    const path = fieldOf(variable, "path");
    values.set(name, value);
    variables.push({
      name,
      part: partNamed(textIn(fieldOf(variable, "part"))),
      path: typeof path === "string" ? path : null,
    });
    if (fieldOf(variable, "masked") !== false && value !== "") addNeedle(run, value, `${secret}:${name}`);
  }
  const version = fieldOf(bound, "version");
  return {
    binding,
    secret,
    version: typeof version === "number" ? version : 0,
    kind: kindNamed(textIn(fieldOf(bound, "kind"))),
    variables,
  };
}

/** The longest needle first, so that a secret inside another one does not leave its rest to be read. */
function addNeedle(run: Run, value: string, name: string): void {
  if (run.needles.some((needle) => needle.value === value)) return;
  run.needles.push({ value, name });
  run.needles.sort((a, b) => b.value.length - a.value.length);
}

function kindNamed(text: string): SecretKind {
  switch (text) {
    case "usernamePassword":
    case "usernameColonPassword":
    case "file":
    case "sshUserPrivateKey":
      return text;
    default:
      return "string";
  }
}

function partNamed(text: string): SecretPart {
  switch (text) {
    case "username":
    case "password":
    case "userpass":
    case "file":
    case "key":
    case "passphrase":
      return text;
    default:
      return "text";
  }
}
