/** The modules of these rooms that hold procedures, for `openStore`. */
export const HTTP_PROCEDURES: readonly URL[] = [
  new URL("../webhooks/record.ts", import.meta.url),
  new URL("../webhooks/sweep-rows.ts", import.meta.url),
  new URL("../forges/settle-rows.ts", import.meta.url),
  new URL("../forges/status-rows.ts", import.meta.url),
  new URL("../projects/hook.ts", import.meta.url),
  new URL("../projects/apply.ts", import.meta.url),
  new URL("../auth/rows.ts", import.meta.url),
  new URL("../audit/append.ts", import.meta.url),
  new URL("../upkeep/end-safe-mode.ts", import.meta.url),
  new URL("./runner-rows.ts", import.meta.url),
  new URL("./build-rows.ts", import.meta.url),
];
