import { dryRunCommand } from "./dry-run.ts";

/** `sluice run`: with `--dry-run` without containers, else on this machine's engine; gives the exit status. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  if (argv.includes("--dry-run")) return await dryRunCommand(argv.filter((word) => word !== "--dry-run"));
  const { localRunCommand } = await import("./local-run.ts");
  return await localRunCommand(argv);
}
