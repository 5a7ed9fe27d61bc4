import type { MethodCall, Statement } from "../syntax/ast.ts";
import { nearest } from "./nearest.ts";
import { POST_CONDITIONS } from "./pipeline.ts";
import type { PostBlock } from "./pipeline.ts";
import { blockOf, callOf, nameOf, refuse, refuseRepeats } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { checkSteps } from "./steps.ts";

const LIST = `[${POST_CONDITIONS.join(", ")}]`;

// Post = "post" "{" { Condition "{" Steps "}" } "}"
/** Reads `post` of a pipeline, a stage or a matrix. */
export function readPost(r: Reading, section: MethodCall): PostBlock[] {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", "Expected a block", span, "write post { always { … } }");
    return [];
  }
  const found: { readonly name: string; readonly span: PostBlock["span"] }[] = [];
  const blocks: PostBlock[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    const body = blockOf(call);
    if (call === undefined || body === undefined) {
      refuse(
        r,
        "post-condition-expected",
        `The ‘post’ section can only contain build condition names with code blocks. Valid condition names are ${LIST}`,
        statement.span,
        isChain(statement)
          ? "two on one line are one call to Groovy: begin each condition on a line of its own"
          : "steps stand in a condition: always { … }",
      );
      continue;
    }
    const name = nameOf(r, call);
    found.push({ name, span: call.method.span });
    blocks.push(...readBlock(r, call, name, body));
  }
  if (found.length === 0)
    refuse(r, "section-empty", "post can not be empty", span, "leave the section out or fill it");
  refuseRepeats(
    r,
    found,
    (condition) => condition.name,
    (name) => ({ code: "duplicate-condition", message: `Duplicate build condition name: "${name}"` }),
  );
  return blocks;
}

/** `always { … } failure { … }`, which is `always({ … }).failure({ … })`. */
function isChain(statement: Statement): boolean {
  if (statement.kind !== "ExpressionStatement" || statement.expression.kind !== "MethodCall") return false;
  return statement.expression.receiver?.kind === "MethodCall";
}

function readBlock(r: Reading, call: MethodCall, name: string, body: PostBlock["body"]): PostBlock[] {
  checkSteps(r, body, call);
  const condition = POST_CONDITIONS.find((candidate) => candidate === name);
  if (condition !== undefined) return [{ condition, body, span: call.method.span }];
  const message = `Invalid condition "${name}" - valid conditions are ${LIST}`;
  refuse(
    r,
    "condition-unknown",
    message,
    call.method.span,
    `did you mean ${nearest(name, POST_CONDITIONS)}?`,
  );
  return [];
}
