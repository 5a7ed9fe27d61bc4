import { KEPT_LABEL } from "../settings.ts";
import { checkNumbered } from "./lines.ts";
import type { Order, Planned, Shape, Watched } from "../shape.ts";

/** Many numbered lines, some at once and some late: none may be missing, twice, or out of order. */
export const logs: Shape = { name: "long log", weight: 8, plan };

function plan({ random }: Order): Planned {
  const lines = random.between(300, 4000);
  // Steps that last, where the engine may be killed under them.
  const where = random.pick(["!nobody", KEPT_LABEL]);
  const pauseEvery = random.between(50, 400);
  return {
    jenkinsfile: `node('${where}') {
  docker.image('sluice-demo/busybox:1').inside {
    sh 'set +x; i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "number $i"; [ $((i % ${pauseEvery})) -ne 0 ] || sleep 0.1; done'
  }
}
`,
    expected: { state: "succeeded" },
    check: async (watched) => await checkNumbers(watched, lines),
    checkAnyEnd: async (watched) => await checkNumbers(watched, undefined),
  };
}

async function checkNumbers({ person, latest }: Watched, count: number | undefined): Promise<string[]> {
  const build = latest();
  const wrong: string[] = [];
  const steps = [...build.steps, ...build.stages.flatMap((stage) => stage.steps)];
  for (const { n, state } of steps.filter(({ name }) => name === "sh")) {
    // Of a step whose agent was lost, and whose block was run again, there is what it had said.
    const found = checkNumbered(await person.log(build.id, n), state === "succeeded" ? count : undefined);
    if (found !== undefined) wrong.push(`the log of step ${n} ${found}`);
  }
  return wrong;
}
