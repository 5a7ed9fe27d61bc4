/** The procedures of the tests, for programs that must not load mocha. */
export const TEST_PROCEDURES = new URL("./procedures.ts", import.meta.url);
