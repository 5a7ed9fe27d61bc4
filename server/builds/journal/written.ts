/** What a turn's transaction has brought about, for those to be told after its commit. */
export interface Written {
  readonly commands: { session: string; seq: number; id: string }[];
  readonly deployments: number[];
  readonly gates: number[];
  placesChanged: boolean;
  messages: boolean;
  ended: boolean;
  readonly others: number[];
  earliestDueAtMs: number | null;
}

export function createWritten(): Written {
  return {
    commands: [],
    deployments: [],
    gates: [],
    placesChanged: false,
    messages: false,
    ended: false,
    others: [],
    earliestDueAtMs: null,
  };
}
