/**
 * Sends pushes at a steady rate whatever the answers take, as forges do, as a process of its own. Arguments: address,
 * secret, repository, commit, how many, how many a second. Prints JSON: the statuses and the milliseconds of each answer.
 */
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { signedPush } from "../push.ts";
import type { Burst } from "./send.ts";

const [address, secret, repository, commit, count, rate] = z
  .tuple([z.url(), z.string(), z.string(), z.string(), z.coerce.number(), z.coerce.number()])
  .parse(process.argv.slice(2));
const CONNECTIONS = 100;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const startedAt = performance.now();
const answers: Promise<Burst["answers"][number]>[] = [];
for (let no = 0; no < count; no += 1) {
  const wait = startedAt + (no * 1000) / rate - performance.now();
  if (wait > 0) await pause(wait);
  answers.push(send(no));
}
const burst: Burst = { answers: await Promise.all(answers), sentMs: performance.now() - startedAt };
agent.destroy();
console.log(JSON.stringify(burst));

/** One push of a branch of its own: nothing is a repeat, and every one makes a build. */
async function send(no: number): Promise<Burst["answers"][number]> {
  const ref = `refs/heads/burst-${process.pid}-${no}`;
  const { headers, body } = signedPush({ repository, ref, commit }, secret);
  const sentAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  const call = request(address, {
    method: "POST",
    agent,
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
  });
  call.once("response", (response) => {
    response.resume();
    response.once("close", () => resolve(response.statusCode ?? 0));
  });
  // A connection that breaks is an answer too: none.
  call.once("error", () => resolve(0));
  call.end(body);
  return { ref, status: await promise, ms: performance.now() - sentAt };
}
