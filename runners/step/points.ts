/** Where a step begins, by the name that SLUICE_FAULT takes. */
export const STEP_POINTS = {
  "step.start": "the line that starts a step goes to its container",
} as const;

/** The beginning of a step, at which a test may kill us. */
export type StepPoint = keyof typeof STEP_POINTS;
