import type { EffectId, ExecRequest, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Value } from "../interpreter/values.ts";
import { fieldOf, textIn } from "../engine/convert.ts";
import type { Run } from "../engine/build.ts";
import type { StepCall } from "./step.ts";

/** A command where the flow is: its container, directory, whole environment and secrets. */
export function execRequest(
  run: Run,
  call: StepCall,
  command: ExecRequest["command"],
  more: { readonly capture: boolean; readonly encoding: string | null; readonly label: string | null },
): ExecRequest {
  const session = call.session();
  const env: Record<string, string> = {};
  for (const [name, variable] of run.environment()) if (!variable.isSecret) env[name] = variable.value;
  const { cwd, secrets, registry } = run.context;
  return {
    kind: "exec",
    session: session.id,
    container: session.container,
    command,
    cwd,
    env,
    secrets,
    registries: registry === null ? [] : [registry],
    tees: teesOf(run, session.id),
    ...more,
  };
}

/** Files that the `tee { }` around write in this session. */
export function teesOf(run: Run, session: EffectId): string[] {
  return [...new Set(run.context.tees.filter((one) => one.session === session).map(({ path }) => path))];
}

/** Says, as Jenkins does, that a script holds the value of a secret where it should name its variable. */
function warnOfSecrets(call: StepCall): void {
  const script = call.args.text("script");
  const found = call.run.needles.filter(({ value }) => script.includes(value));
  if (found.length === 0) return;
  const names = found.map(({ name }) => name.slice(name.lastIndexOf(":") + 1));
  call.print(
    `Warning: A secret was passed to "${call.name}" using Groovy String interpolation, which is insecure.\n\t\t Affected argument(s) used the following variable(s): [${names.join(", ")}]\n\t\t Use single quotes, so that the shell reads the variable.`,
  );
}

/** Runs a script and gives what the flags ask for: nothing, its output, or its exit code. */
export function* runScript(call: StepCall, command: ExecRequest["command"]): Flow<Value> {
  const { args, run } = call;
  const wantsOutput = args.flag("returnStdout");
  const wantsStatus = args.flag("returnStatus");
  if (wantsOutput && wantsStatus) call.refuse("returnStdout and returnStatus cannot be asked for at once");
  const label = args.optionalText("label");
  call.label(label ?? args.text("script"));
  warnOfSecrets(call);
  const more = { capture: wantsOutput, encoding: args.optionalText("encoding"), label };
  const ended = yield* call.effect(execRequest(run, call, command, more));
  const exit = fieldOf(ended, "exit");
  const code = typeof exit === "number" ? exit : -1;
  if (wantsStatus) return code;
  if (code !== 0) {
    const memory = fieldOf(ended, "memory");
    const message = `script returned exit code ${code}`;
    if (memory === null) call.fail(message, { exit: code });
    call.fail(`${message}: its container ran out of memory${useText(memory)}`, { exit: code, code: "oom" });
  }
  return wantsOutput ? textIn(fieldOf(ended, "out")) : null;
}

function useText(memory: Stored): string {
  const parts = (["limit", "peak"] as const).flatMap((word) => {
    const bytes = fieldOf(memory, `${word}Bytes`);
    return typeof bytes === "number" ? [`${word} ${Math.round(bytes / 1024 / 1024)} MiB`] : [];
  });
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
