import { setTimeout as pause } from "node:timers/promises";
import type { Weather } from "../../../test/support/services/line.ts";
import type { Fault, LineName, Touched } from "../fault.ts";
import type { Random } from "../random.ts";

/** Who must not be struck by something else while a line is bad. */
const TOUCHES: Readonly<Record<LineName, readonly Touched[]>> = {
  redis: ["redis"],
  registry: ["registry"],
  git: ["git"],
  server: ["server", "runner"],
  engine: ["engine", "runner"],
};
const WEIGHT = 2; // there are twenty of them

/** One way in which a line is bad for a while. */
interface Ailment {
  readonly word: string;
  draw(random: Random): { readonly weather: Partial<Weather>; readonly says: string };
  readonly lastsMs: readonly [number, number];
}

const AILMENTS: readonly Ailment[] = [
  {
    word: "slow",
    draw: (random) => {
      const latencyMs = random.between(50, 500);
      const bytesPerSecond = random.pick([null, null, 65_536, 262_144]);
      const rate = bytesPerSecond === null ? "" : `, ${bytesPerSecond} bytes a second`;
      return { weather: { latencyMs, bytesPerSecond }, says: `${latencyMs} ms each way${rate}` };
    },
    lastsMs: [2_000, 8_000],
  },
  {
    word: "lossy",
    draw: (random) => {
      const percent = random.pick([1, 1, 5]);
      return {
        weather: { resetShare: percent / 100 },
        says: `${percent} % of the pieces break their connection`,
      };
    },
    lastsMs: [2_000, 8_000],
  },
  {
    word: "silent",
    draw: () => ({ weather: { cut: "silent" }, says: "connections stay and nothing comes through" }),
    lastsMs: [1_000, 10_000],
  },
  {
    word: "broken",
    draw: () => ({ weather: { cut: "reset" }, says: "connections break, new ones too" }),
    lastsMs: [500, 8_000], // below the 15 s after which a runner without a connection is given up
  },
];

/** Each line slow, lossy, silent or broken for some seconds. */
export const LINE_FAULTS: readonly Fault[] = (
  ["redis", "registry", "git", "server", "engine"] as const
).flatMap((name) => AILMENTS.map((ailment) => lineFault(name, ailment)));

function lineFault(name: LineName, ailment: Ailment): Fault {
  return {
    name: `a ${ailment.word} line to the ${name}`,
    weight: WEIGHT,
    touches: TOUCHES[name],
    permits: [],
    possible: () => true,
    inject: async ({ lines }, random) => {
      const [least, most] = ailment.lastsMs;
      const lastsMs = random.between(least, most);
      const { weather, says } = ailment.draw(random);
      const line = lines[name];
      const before = line.counts().broken;
      line.set(weather);
      try {
        await pause(lastsMs);
      } finally {
        line.set({});
      }
      const broken = line.counts().broken - before;
      return `${says}, for ${lastsMs} ms${broken === 0 ? "" : `: ${broken} broke`}`;
    },
  };
}
