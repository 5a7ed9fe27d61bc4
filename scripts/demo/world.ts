import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type Docker from "dockerode";

import { dockerForTests, engineAddress } from "../../test/support/services/docker.ts";
import { agentImage, busyboxImage, nodeImage } from "../../test/support/services/images.ts";
import { until } from "../../test/support/services/until.ts";
import { createApi } from "./api.ts";
import type { Api } from "./api.ts";
import { endLeftovers, runningDemo } from "./leftovers.ts";
import { startPlaces } from "./places.ts";
import type { Places } from "./places.ts";
import { makeSample } from "./sample.ts";
import type { Sample } from "./sample.ts";
import { startServer, takeOver } from "./server.ts";
import type { DemoServer } from "./server.ts";
import { createStops } from "./stops.ts";
import type { Stops } from "./stops.ts";
import { createSampleService, removeSampleService } from "./service.ts";
import { choosePorts, FOLDER, PID_FILE, PROJECT, Refused, sluiceYml } from "./settings.ts";
import type { Ports } from "./settings.ts";

/** Everything that runs in the demo. */
export interface World {
  readonly ports: Ports;
  readonly docker: Docker;
  readonly places: Places;
  readonly server: DemoServer;
  readonly api: Api;
  readonly sample: Sample;
  /** Id of the person who owns the server. */
  readonly owner: number;
  /** Ends all of it; the service goes too, the swarm stays. */
  stop(): Promise<void>;
}

/** How the demo says what it is doing. */
export type Say = (line: string) => void;

/** Starts everything up to the moment before the first push. What was started is stopped again if something fails. */
export async function startWorld(say: Say): Promise<World> {
  const running = runningDemo();
  if (running !== undefined) {
    throw new Refused(
      `a demo runs already, as process ${running}. End it by Ctrl-C there, or by npm run demo -- --clean.`,
    );
  }
  const stops = createStops();
  try {
    return { ...(await build(say, stops)), stop: () => stops.all() };
  } catch (error) {
    await stops.all();
    throw error;
  }
}

async function build(say: Say, stops: Stops): Promise<Omit<World, "stop">> {
  await endLeftovers();
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(PID_FILE, String(process.pid));
  const ports = await choosePorts(say);
  const docker = dockerForTests();

  const busybox = await busyboxImage(docker);
  await nodeImage(docker);
  await agentImage(engineAddress());
  say("images made: sluice-demo/node:24 and the default agent's");

  const password = randomBytes(12).toString("base64url");
  const places = await startPlaces(ports, password);
  stops.add(() => places.stop());
  say("git server, registry, mail catcher and chat catcher started");

  stops.add(async () => await removeSampleService(docker));
  await createSampleService(docker, ports, busybox);
  say(`Swarm service ${PROJECT} runs a placeholder on http://localhost:${ports.sample}`);

  const configFile = join(FOLDER, "sluice.yml");
  await writeFile(configFile, sluiceYml(ports));
  const server = await startServer(ports, configFile);
  stops.add(() => server.stop());
  const { user, token } = await takeOver(server.url, randomBytes(12).toString("base64url"));
  const api = createApi(server.url, token);
  await api.putSecret("registry", { type: "usernamePassword", username: "demo", password });
  await api.putSecret("chat-url", { type: "string", text: places.chat.hookUrl });
  await until("a runner is online", async () => (await api.onlineRunners()) > 0);
  say(`Sluice serves ${server.url}, with a runner on this machine's Docker Engine`);

  const hook = await api.renewHook(PROJECT);
  const sample = await makeSample(places.git, hook, ports);
  stops.add(() => sample.remove());
  return { ports, docker, places, server, api, sample, owner: user };
}
