import { createHash } from "node:crypto";
import { JavaRandom } from "../java-random.ts";
import type { Draw } from "./cron.ts";

/** The numbers that `H` stands for in the cron texts of a job, in the order in which they are written. */
export function drawsOf(jobName: string): Draw {
  const digest = createHash("md5").update(jobName, "utf8").digest();
  const random = new JavaRandom(digest.readBigInt64BE(0) ^ digest.readBigInt64BE(8));
  return (count) => random.below(count);
}
