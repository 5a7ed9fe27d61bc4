import type { SecretPart, WantedSecret } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import { catchable } from "../engine/build.ts";
import { bindSecrets } from "../engine/credentials.ts";
import { fieldOf, textIn } from "../engine/convert.ts";
import { execRequest } from "./shell.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** An ssh agent that holds keys, for a block. */
export const sshagent = step({
  name: "sshagent",
  doc: "Starts an ssh-agent in the agent's container with the keys of the secrets; it ends with the block. The image must have ssh-agent.",
  parameters: [
    required("credentials", "list", "Names of the secrets."),
    optional("ignoreMissing", "boolean", "Go on without secrets that are not there.", false),
  ],
  positional: "credentials",
  block: "required",
  needsAgent: true,
  kind: "exec",
  policy: "reattach",
  *behave(call) {
    const { run } = call;
    const named = call.args.texts("credentials").map((secret, index): WantedSecret => {
      const variables: Partial<Record<SecretPart, string>> = { key: `SLUICE_SSH_KEY_${index}` };
      return { secret, kind: "sshUserPrivateKey", variables };
    });
    const wanted = call.args.flag("ignoreMissing") ? yield* those(call, named) : named;
    const keys = yield* bindSecrets(run, wanted, call.site);
    const variables = yield* startAgent(call);
    return yield* run.withVariables(variables, function* () {
      const add = wanted.map(({ variables: { key = "" } }) => `ssh-add "$${key}"`).join(" && ");
      if (add !== "") yield* run.within(keys, () => command(call, `#!/bin/sh\n${add}`));
      try {
        return yield* call.body();
      } finally {
        yield* command(call, "#!/bin/sh\nssh-agent -k >/dev/null");
      }
    });
  },
});

/** Those secrets that are there. */
function* those(call: StepCall, wanted: readonly WantedSecret[]): Flow<WantedSecret[]> {
  const there: WantedSecret[] = [];
  for (const want of wanted)
    try {
      yield* bindSecrets(call.run, [want], call.site);
      there.push(want);
    } catch (error) {
      const stored = catchable(error);
      if (stored.code !== "secret_gone") throw error;
      call.print(`[ssh-agent] ${stored.message}; going on without it`);
    }
  return there;
}

function* startAgent(call: StepCall): Flow<[string, string][]> {
  const out = yield* command(call, "#!/bin/sh\nssh-agent -s");
  const found = [...out.matchAll(/(SSH_AUTH_SOCK|SSH_AGENT_PID)=([^;\n]+);/g)];
  if (found.length === 0) return call.fail("ssh-agent did not start: is it in the agent's image?");
  return found.map((match): [string, string] => [match[1] ?? "", match[2] ?? ""]);
}

function* command(call: StepCall, script: string): Flow<string> {
  const more = { capture: true, encoding: null, label: null };
  const ended = yield* call.effect(execRequest(call.run, call, { script }, more), { script });
  if (fieldOf(ended, "exit") !== 0) call.fail("ssh-agent or ssh-add failed: are they in the agent's image?");
  return textIn(fieldOf(ended, "out"));
}
