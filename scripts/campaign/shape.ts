import type { Build } from "../../server/http/contract/builds.ts";
import type { Person } from "./person.ts";
import type { Random } from "./random.ts";
import type { CampaignWorld } from "./world.ts";

/** What a build's file is written from. */
export interface Order {
  /** Of the build in this campaign, from 1: marks everything it leaves outside. */
  readonly n: number;
  readonly project: string;
  readonly world: CampaignWorld;
  readonly random: Random;
}

/** One build under way, as those who look after it see it. */
export interface Watched {
  readonly order: Order;
  readonly person: Person;
  readonly buildId: number;
  /** The build as it was last seen. */
  readonly latest: () => Build;
  /** Waits until the build is so, or has ended; gives whether it is so. */
  readonly until: (isIt: (build: Build) => boolean) => Promise<boolean>;
  readonly hasEnded: () => boolean;
}

/** How a build is to end when nothing but its file and people decides. */
export interface Expected {
  readonly state: Build["state"];
  readonly fault?: "command" | "person";
  /** Code of the reason, where one is the only right one. */
  readonly code?: string;
}

/** A build that is going to be pushed. */
export interface Planned {
  readonly jenkinsfile: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What a person does while it runs. Gives how it is to end, if that is decided there. @throws what is wrong */
  attend?(watched: Watched): Promise<Expected | undefined>;
  readonly expected: Expected;
  /** Looks, inside and outside, at what an expected end has left; gives what is wrong. */
  check?(watched: Watched, console: string): Promise<readonly string[]>;
  /** Looks at what must hold however it ended. */
  checkAnyEnd?(watched: Watched): Promise<readonly string[]>;
}

/** A kind of build. */
export interface Shape {
  readonly name: string;
  readonly weight: number;
  plan(order: Order): Planned;
}
