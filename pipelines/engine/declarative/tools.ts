import type { Flow } from "../../interpreter/flow.ts";
import { exception } from "../../interpreter/thrown.ts";
import type { Value } from "../../interpreter/values.ts";
import type { Tool } from "../../model/pipeline.ts";
import { siteOf, textOf, type World } from "./world.ts";

/** Tools are not installed: an agent's image has them or not. Without an agent the section is passed over, as in Jenkins. */
export function* withTools(world: World, tools: readonly Tool[], body: () => Flow<Value>): Flow<Value> {
  const [tool] = tools;
  if (tool === undefined || world.run.context.session === null) return yield* body();
  const name = yield* textOf(world, tool.name);
  throw exception(
    "java.lang.IllegalArgumentException",
    `No ${tool.type} named ${name} found: Sluice installs no tools. Use an agent whose image has it, such as agent { docker '…' }, and leave the tools section out`,
    siteOf(world, tool.span),
  );
}
