import { setTimeout as pause } from "node:timers/promises";
import type { Fault, Link, LinkName, Touched, World } from "../fault.ts";
import type { Random } from "../random.ts";

/** Who must not be struck by something else while a link is bad. */
const TOUCHES: Readonly<Record<LinkName, readonly Touched[]>> = {
  "server-redis": ["redis"],
  "runner-registry": ["registry"],
  "server-git": ["git"],
  "runner-git": ["git"],
  "runner-server": ["runner"],
  "runner-engine": ["runner"],
};
const WEIGHT = 3;

/** One way in which a link is bad for a while. */
interface Ailment {
  readonly word: string;
  /** Makes it bad, and says how. */
  strike(link: Link, random: Random): string;
  readonly lastsMs: readonly [number, number];
}

const AILMENTS: readonly Ailment[] = [
  {
    word: "slow",
    strike: (link, random) => {
      const latencyMs = random.between(50, 500);
      const bytesPerSecond = random.pick([0, 0, 65_536, 262_144]);
      link.slow(latencyMs, bytesPerSecond);
      return `${latencyMs} ms each way${bytesPerSecond === 0 ? "" : `, ${bytesPerSecond} bytes a second`}`;
    },
    lastsMs: [2_000, 8_000],
  },
  {
    word: "lossy",
    strike: (link, random) => {
      const percent = random.pick([1, 1, 5]);
      link.reset(percent / 100);
      return `${percent} % of its pieces break the connection`;
    },
    lastsMs: [2_000, 8_000],
  },
  {
    word: "dead",
    strike: (link) => {
      link.cut();
      return "nothing comes through";
    },
    lastsMs: [1_000, 10_000], // below the 15 s after which a runner without a connection is given up
  },
];

/** Each link slow, lossy or dead for some seconds. All of them are to be borne: nothing may fail by them. */
export function linkFaults(): Fault[] {
  const names = Object.keys(TOUCHES).filter((name): name is LinkName => name in TOUCHES);
  return names.flatMap((name) => AILMENTS.map((ailment) => linkFault(name, ailment)));
}

function linkFault(name: LinkName, ailment: Ailment): Fault {
  return {
    name: `make ${name} ${ailment.word}`,
    weight: WEIGHT,
    touches: TOUCHES[name],
    permits: [],
    possible: (world) => world.links[name] !== undefined,
    inject: async (world, random) => await ail(linkOf(world, name), ailment, random),
  };
}

async function ail(link: Link, ailment: Ailment, random: Random): Promise<string> {
  const [least, most] = ailment.lastsMs;
  const lastsMs = random.between(least, most);
  const what = ailment.strike(link, random);
  try {
    await pause(lastsMs);
  } finally {
    link.heal();
  }
  return `${what}, for ${lastsMs} ms`;
}

function linkOf(world: World, name: LinkName): Link {
  const link = world.links[name];
  if (link === undefined) throw new Error(`this world has no link ${name}`);
  return link;
}
