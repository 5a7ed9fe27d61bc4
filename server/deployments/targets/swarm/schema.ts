import { z } from "zod";

/**
 * The parts of the Engine's answers about services and tasks that we read. Unknown fields pass, because the whole
 * spec is sent back on update. Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Service
 */
export const ServiceSpec = z.looseObject({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  TaskTemplate: z.looseObject({
    ContainerSpec: z.looseObject({
      Image: z.string(),
      Env: z.array(z.string()).nullish(),
      HealthCheck: z.looseObject({}).nullish(),
      Healthcheck: z.looseObject({}).nullish(),
    }),
    ForceUpdate: z.number().optional(),
  }),
  Mode: z
    .looseObject({
      Replicated: z.looseObject({ Replicas: z.number().optional() }).nullish(),
      Global: z.unknown().optional(),
    })
    .optional(),
  UpdateConfig: z.looseObject({ Order: z.string().optional(), Monitor: z.number().optional() }).nullish(),
  EndpointSpec: z
    .looseObject({ Ports: z.array(z.looseObject({ PublishMode: z.string().optional() })).nullish() })
    .nullish(),
});
export type ServiceSpec = z.infer<typeof ServiceSpec>;

/** A service as inspected. The state words are more than the published enumeration lists. */
export const Service = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: ServiceSpec,
  UpdateStatus: z.object({ State: z.string().optional(), Message: z.string().optional() }).nullish(),
});
export type Service = z.infer<typeof Service>;

/** A task of a service. */
export const Task = z.object({
  ID: z.string(),
  Slot: z.number().optional(),
  NodeID: z.string().optional(),
  DesiredState: z.string(),
  Status: z.object({ State: z.string(), Err: z.string().optional(), Message: z.string().optional() }),
  Spec: z.object({ ContainerSpec: z.object({ Image: z.string() }).optional() }).optional(),
});
export type Task = z.infer<typeof Task>;

/** Answer of the registry look-up through the Engine. */
export const Distribution = z.object({ Descriptor: z.object({ digest: z.string() }) });
