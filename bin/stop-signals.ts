/**
 * Resolves at the first SIGTERM or SIGINT. A second one ends the process at once: nothing that is right may depend on a
 * clean stop.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(signal);
      });
  });
}
