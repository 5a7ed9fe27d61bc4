import type { Observed, Target } from "../../../../server/deployments/target.ts";

/** A service that is what was written to it last, at once, and that counts the writes. */
export function fakeTarget(): Target & { writes(): number } {
  let writes = 0;
  let image = "registry.example.org/web:0";
  let marker: string | null = null;
  const observed = (): Observed => ({
    image,
    env: {},
    replicas: 1,
    marker,
    cas: `${writes}`,
    specHash: image,
    busy: null,
    snapshot: image,
  });
  const write = (deployId: string, wanted: string) => {
    writes += 1;
    image = wanted;
    marker = deployId;
    return { deployId, cas: `${writes}`, handle: "web" };
  };
  return {
    writes: () => writes,
    describe: async () => observed(),
    plan: async (_ref, desired) => ({
      before: observed(),
      changes: [{ what: "image", from: image, to: desired.image }],
      noop: false,
      warnings: [],
    }),
    apply: async (_ref, _before, desired) => write(desired.deployId, desired.image),
    async *watch() {
      yield { kind: "end", outcome: "succeeded", text: "it runs" };
    },
    rollBack: async (_ref, snapshot, deployId) => write(deployId, snapshot),
    resolveDigest: async (wanted) => wanted,
  };
}
