/** How much of a step's log is kept: its beginning, and its rolling end. The runner cuts what lies between, saying how much. */
export const LOG_HEAD_BYTES = 192 * 1024 * 1024;
export const LOG_TAIL_BYTES = 64 * 1024 * 1024;
