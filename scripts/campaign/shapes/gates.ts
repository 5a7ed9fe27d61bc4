import type { Expected, Order, Planned, Shape, Watched } from "../shape.ts";
import { countLines } from "./lines.ts";

/** A question: a person approves, rejects, or two click at the same moment. */
export const gate: Shape = { name: "gate", weight: 10, plan };

type Click = "approve" | "reject";

function plan({ n, random }: Order): Planned {
  const clicks = random.pick<readonly Click[]>([["approve"], ["approve"], ["reject"], ["approve", "reject"]]);
  return {
    jenkinsfile: `def before = 'kept ${n}'
input 'Go on with ${n}?'
node { docker.image('sluice-demo/busybox:1').inside { sh "set +x; echo went on with \${before}" } }
`,
    attend: async (watched) => await click(watched, clicks),
    expected: { state: "succeeded" },
    check: async ({ latest }, console) =>
      countLines(console, { [`went on with kept ${n}`]: latest().state === "succeeded" ? 1 : 0 }),
  };
}

/** Clicks, all at once, and looks who won: one decision counts, and whoever was told "done" made it. */
async function click(watched: Watched, clicks: readonly Click[]): Promise<Expected | undefined> {
  const { person, buildId } = watched;
  if (!(await watched.until(({ waits }) => waits.some((wait) => wait.gate !== null)))) return undefined;
  const [open] = await person.openGates(buildId);
  if (open === undefined) throw new Error("it waits at a gate that is not in the list of open ones");
  const answers = await Promise.all(
    clicks.map(async (decision) => ({
      decision,
      answer: await person.ask("POST", `/gates/${open.id}/decision`, { decision }),
    })),
  );
  const { state } = await person.gate(open.id);
  const right = state === "approved" ? "approve" : "reject";
  if (state !== "approved" && state !== "rejected") throw new Error(`the gate is ${state} after a click`);
  for (const { decision, answer } of answers) {
    if (decision === right ? answer.status !== 200 : answer.status !== 409)
      throw new Error(
        `the gate is ${state}, and "${decision}" was answered ${answer.status}: ${answer.text}`,
      );
  }
  return state === "approved" ? { state: "succeeded" } : { state: "aborted", fault: "person" };
}
