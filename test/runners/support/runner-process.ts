/** A runner as a process of its own, to be killed: `node runner-process.ts OPTIONS-AS-JSON`. Says `ready` when it listens. */
import { z } from "zod";
import { faultsFrom } from "../../../runners/faults.ts";
import { startRunner } from "../../../runners/main.ts";

const Options = z.object({
  url: z.string(),
  key: z.string(),
  dataFolder: z.string(),
  memoryFolder: z.string(),
  dockerHost: z.string(),
  agentImage: z.string(),
});

const options = Options.parse(JSON.parse(process.argv[2] ?? "{}"));
const say = (fields: object, message: string): void => {
  const text = "err" in fields && fields.err instanceof Error ? (fields.err.stack ?? "") : "";
  process.stderr.write(`${message} ${JSON.stringify(fields)} ${text}\n`);
};
await startRunner({
  ...options,
  labels: ["linux"],
  places: 4,
  faults: faultsFrom(process.env),
  log: { debug: () => undefined, info: () => undefined, warn: say, error: say },
});
