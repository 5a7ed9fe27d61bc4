/** The floor of start-up and memory, as a process of its own: the packages that an idle server holds, and a bare HTTP server. */
import { createServer } from "node:http";

await Promise.all([
  import("express"),
  import("bullmq"),
  import("ioredis"),
  import("dockerode"),
  import("kysely"),
  import("pino"),
  import("zod"),
]);
createServer((_, response) => response.end("ok")).listen(Number(process.argv[2]), "127.0.0.1");
