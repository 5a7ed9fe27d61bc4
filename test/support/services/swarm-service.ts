import type Docker from "dockerode";
import { z } from "zod";
import { until } from "./until.ts";

/** The part of a service that tests look at and change. */
const Inspected = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.int() }),
  Spec: z.looseObject({
    Labels: z.record(z.string(), z.string()).optional(),
    TaskTemplate: z.looseObject({
      ContainerSpec: z.looseObject({ Image: z.string(), Env: z.array(z.string()).optional() }),
    }),
  }),
});

/** A Swarm service made for a test. */
export interface SwarmService {
  readonly name: string;
  /** The image it is told to run. */
  image(): Promise<string>;
  env(): Promise<readonly string[]>;
  /** Changes it behind everybody's back, as a person at a shell would. */
  changeByHand(env: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** How a service begins. */
export interface SwarmServiceOptions {
  readonly name: string;
  readonly image: string;
  readonly replicas: number;
  /** Port of this host that leads to 8080 in the container, as mode=host: works with and without IPVS. */
  readonly hostPort?: number;
}

/** Makes a service; the engine must be a manager of a swarm. */
export async function createSwarmService(
  docker: Docker,
  { name, image, replicas, hostPort }: SwarmServiceOptions,
): Promise<SwarmService> {
  const ports =
    hostPort === undefined
      ? []
      : [
          {
            Protocol: "tcp" as const,
            TargetPort: 8080,
            PublishedPort: hostPort,
            PublishMode: "host" as const,
          },
        ];
  await docker.createService({
    Name: name,
    TaskTemplate: {
      // As process 1 a shell's program would not hear that it is to stop.
      ContainerSpec: { Image: image, Init: true, StopGracePeriod: 1_000_000_000 },
      RestartPolicy: { Condition: "any", Delay: 1_000_000_000 },
    },
    Mode: { Replicated: { Replicas: replicas } },
    UpdateConfig: { Parallelism: 1, Order: "stop-first", FailureAction: "pause", Monitor: 2_000_000_000 },
    EndpointSpec: { Ports: ports },
  });
  const inspect = async (): Promise<z.infer<typeof Inspected>> =>
    Inspected.parse(await docker.getService(name).inspect());
  return {
    name,
    image: async () => (await inspect()).Spec.TaskTemplate.ContainerSpec.Image,
    env: async () => (await inspect()).Spec.TaskTemplate.ContainerSpec.Env ?? [],
    changeByHand: async (env) => {
      const { ID, Version, Spec } = await inspect();
      Spec.TaskTemplate.ContainerSpec.Env = [...env];
      await docker.getService(ID).update({ ...Spec, version: Version.Index });
    },
    remove: async () => await removeService(docker, name),
  };
}

async function removeService(docker: Docker, name: string): Promise<void> {
  await docker.getService(name).remove();
  const label = [`com.docker.swarm.service.name=${name}`];
  await until(`the containers of ${name} are gone`, async () => {
    const left = await docker.listContainers({ all: true, filters: { label } });
    return left.length === 0;
  });
}
