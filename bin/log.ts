import { pino, type Logger } from "pino";

/** The process's log: JSON lines on standard error, so that standard output stays the command's own. */
export function createLog(level = "info"): Logger {
  return pino(
    {
      level,
      base: null,
      redact: { paths: ["*.password", "*.token", "*.key", "*.authorization"], censor: "****" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
