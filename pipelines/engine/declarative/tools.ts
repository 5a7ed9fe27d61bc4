import type { Flow } from "../../interpreter/flow.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Tool } from "../../model/pipeline.ts";
import { textOf, type World } from "./world.ts";

/**
 * Tools are not installed: the steps use what the agent's image has on its PATH, and the console says so before they
 * miss it. Without an agent the section is passed over, as in Jenkins.
 */
export function* withTools(world: World, tools: readonly Tool[], body: () => Flow<Value>): Flow<Value> {
  if (world.run.context.session !== null)
    for (const tool of tools) {
      const name = yield* textOf(world, tool.name);
      world.run.print(
        `WARNING: ${tool.type} "${name}" is not installed: the steps use what the agent's image has. Name one that has it, such as agent { docker '…' }`,
      );
    }
  return yield* body();
}
