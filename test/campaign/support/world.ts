import type { World } from "../../../scripts/campaign/fault.ts";

/** A world of a campaign in which only the named parts exist; taking hold of another is an error. */
export function aWorld(parts: Partial<World>): World {
  const missing = (name: string) => new Error(`this world has no ${name}`);
  return {
    folder: "",
    serverData: "",
    runnerData: [],
    isDataMounted: false,
    get api(): never {
      throw missing("api");
    },
    get server(): never {
      throw missing("server");
    },
    runners: [],
    get redis(): never {
      throw missing("redis");
    },
    get registry(): never {
      throw missing("registry");
    },
    get git(): never {
      throw missing("git");
    },
    get docker(): never {
      throw missing("docker");
    },
    keptEngine: undefined,
    swarm: undefined,
    get lines(): never {
      throw missing("lines");
    },
    say: () => {},
    ...parts,
  };
}
