/** The floor of accepting, as a process of its own: Express, the signature, one BullMQ add. Arguments: Redis port, secret. */
import { createHmac, timingSafeEqual } from "node:crypto";

import { Queue } from "bullmq";
import express from "express";
import { z } from "zod";

const [redisPort, secret] = z.tuple([z.coerce.number(), z.string()]).parse(process.argv.slice(2));
const Push = z.looseObject({ ref: z.string(), after: z.string(), repository: z.string() });

const queue = new Queue("accepted", { connection: { host: "127.0.0.1", port: redisPort } });
const app = express();
app.post("/hook", express.raw({ type: () => true, limit: "5mb" }), async (request, response) => {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body) || !isSigned(body, request.get("x-hub-signature-256") ?? "")) {
    response.sendStatus(401);
    return;
  }
  const { ref, after, repository } = Push.parse(JSON.parse(body.toString()));
  await queue.add("push", { ref, after, repository }, { removeOnComplete: true });
  response.sendStatus(202);
});
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  console.log(`port ${address.port}`);
});

function isSigned(body: Buffer, given: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const got = Buffer.from(given);
  return got.length === expected.length && timingSafeEqual(got, expected);
}
