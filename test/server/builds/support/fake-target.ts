import type { Observed, Target } from "../../../../server/deployments/target.ts";

interface FakeService {
  image: string;
  marker: string | null;
  version: number;
}

/** Services that are what was written to them last, at once, and that count the writes. */
export function fakeTarget(): Target & { writes(): number; image(service: string): string } {
  let writes = 0;
  const services = new Map<string, FakeService>();
  const at = (name: string): FakeService => {
    const known = services.get(name) ?? { image: `registry.example.org/${name}:0`, marker: null, version: 0 };
    services.set(name, known);
    return known;
  };
  const observed = (name: string): Observed => {
    const { image, marker, version } = at(name);
    return {
      image,
      env: {},
      replicas: 1,
      marker,
      cas: `${version}`,
      specHash: image,
      busy: null,
      snapshot: image,
    };
  };
  const write = (name: string, deployId: string, wanted: string) => {
    const service = at(name);
    writes += 1;
    service.version += 1;
    service.image = wanted;
    service.marker = deployId;
    return { deployId, cas: `${service.version}`, handle: name };
  };
  return {
    writes: () => writes,
    image: (service) => at(service).image,
    describe: async ({ service }) => observed(service),
    plan: async ({ service }, desired) => ({
      before: observed(service),
      changes: [{ what: "image", from: at(service).image, to: desired.image }],
      noop: false,
      warnings: [],
    }),
    apply: async ({ service }, _before, desired) => write(service, desired.deployId, desired.image),
    async *watch() {
      yield { kind: "end", outcome: "succeeded", text: "it runs" };
    },
    rollBack: async ({ service }, snapshot, deployId) => write(service, deployId, snapshot),
    resolveDigest: async (wanted) => wanted,
  };
}
