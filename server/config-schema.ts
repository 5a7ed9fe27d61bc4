import { z } from "zod";
import { EventRoute, RefRule } from "./projects/route.ts";

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it (`90s`, `10m`, `30d`), read to milliseconds. */
export const Duration = z.string().transform((text, context) => {
  const found = /^(\d{1,9})(ms|s|m|h|d)$/u.exec(text.trim());
  const unit = z.enum(["ms", "s", "m", "h", "d"]).safeParse(found?.[2]);
  if (found?.[1] === undefined || !unit.success) {
    context.addIssue({
      code: "custom",
      message: `write a number with ms, s, m, h or d, like 10m; got "${text}"`,
    });
    return z.NEVER;
  }
  return Number(found[1]) * UNIT_MS[unit.data];
});

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u, "use letters, digits, dot, dash and underscore, at most 63");
const EnvironmentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes, at most 63");
const Key = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/u,
    "use lower-case letters, digits, dot, dash and underscore, at most 63",
  );
const HostPort = z
  .string()
  .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/u, "write host or host:port, without a scheme");
const HttpUrl = z.url({
  protocol: /^https?$/u,
  error: "write a whole address, like https://git.example.com",
});

/** A value that may stand here in the open or be named as a secret of the vault. */
const SecretName = z.strictObject({ secret: Name });
export type SecretName = z.infer<typeof SecretName>;
const UrlOrSecret = z.union([HttpUrl, SecretName], { error: "write an address, or { secret: NAME }" });

/** A connection to a place where repositories live. `secret` names the API token; `insecureHttp` allows plain http. */
export const ForgeConfig = z.strictObject({
  type: z.enum(["github", "gitlab", "gitea", "git"]),
  url: HttpUrl,
  apiUrl: HttpUrl.optional(),
  secret: Name.optional(),
  username: z.string().max(200).optional(),
  insecureHttp: z.boolean().default(false),
});
export type ForgeConfig = z.infer<typeof ForgeConfig>;

export const RegistryConfig = z.strictObject({
  host: HostPort,
  insecure: z.boolean().default(false),
  secret: Name.optional(),
});
export type RegistryConfig = z.infer<typeof RegistryConfig>;

/** Where messages go. Addresses of robots are secrets as a whole. */
export const ChannelConfig = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("email"),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(587),
    secure: z.boolean().default(false),
    from: z.string().min(3),
    to: z.array(z.string()).default([]),
    secret: Name.optional(),
  }),
  z.strictObject({ type: z.literal("slack"), url: UrlOrSecret }),
  z.strictObject({ type: z.literal("dingtalk"), url: UrlOrSecret, sign: SecretName.optional() }),
]);
export type ChannelConfig = z.infer<typeof ChannelConfig>;

/** An orchestrator. Without `host` a swarm is the engine of DOCKER_HOST. */
export const TargetConfig = z.strictObject({
  type: z.enum(["swarm"]),
  host: z.string().min(1).optional(),
  tls: z.boolean().optional(),
  secret: Name.optional(),
});
export type TargetConfig = z.infer<typeof TargetConfig>;

const DAY_MS = 86_400_000;

/** Who decides at an environment's gate. */
export const ApproveRule = z.strictObject({
  role: z.enum(["developer", "maintainer", "deployer", "admin"]).default("deployer"),
  people: z.array(z.string()).default([]),
  needed: z.int().min(1).max(20).default(1),
  pusher: z.boolean().default(false),
  reason: z.boolean().default(false),
  expires: Duration.default(30 * DAY_MS),
});
export type ApproveRule = z.infer<typeof ApproveRule>;

export const EnvironmentConfig = z.strictObject({
  policy: z.enum(["auto", "gate", "outside"]).default("gate"),
  approve: ApproveRule.prefault({}),
  refs: z.array(RefRule).default([]),
  waves: z.array(z.array(Name).min(1)).min(1),
  services: z.record(z.string(), z.string()).default({}),
  soak: Duration.default(10_000),
  limit: Duration.default(600_000),
  onFailure: z.enum(["rollback", "pause", "leave"]).default("rollback"),
  supersede: z.boolean().default(true),
  confirm: z.enum(["none", "dialog", "name"]).default("none"),
});
export type EnvironmentConfig = z.infer<typeof EnvironmentConfig>;

export const ProjectConfig = z.strictObject({
  name: z.string().min(1).max(120).optional(),
  forge: Name,
  repo: z
    .string()
    .regex(
      /^[A-Za-z0-9._][A-Za-z0-9._/-]{0,250}$/u,
      "write the repository as in its address, like team/shop",
    ),
  defaultBranch: z.string().max(250).optional(),
  jenkinsfile: z.string().min(1).max(250).default("Jenkinsfile"),
  registry: Name.optional(),
  /** Builds of it that run at once; those that wait for a person do not count. */
  concurrency: z.int().min(1).max(1000).default(10),
  images: z.array(z.string()).default([]),
  tags: z.record(Name, z.string()).default({}),
  routes: z.array(EventRoute).default([]),
});
export type ProjectConfig = z.infer<typeof ProjectConfig>;

export const NOTIFY_EVENTS = [
  "failed",
  "still_failing",
  "fixed",
  "succeeded",
  "unstable",
  "aborted",
  "gate_open",
  "deployed",
  "deploy_failed",
  "rolled_back",
] as const;

/** Who hears what. `to` is `channel`, or `channel:recipient`, like `mail:author` or `mail:ops@example.com`. */
export const NotifyRule = z.strictObject({
  project: z.string().default("*"),
  ref: z.string().optional(),
  environment: z.string().optional(),
  on: z.array(z.enum(NOTIFY_EVENTS)).min(1),
  to: z.array(z.string().min(1)).min(1),
});
export type NotifyRule = z.infer<typeof NotifyRule>;

/** A resource of `lock`, as a file names it. */
const ResourceName = z.string().trim().min(1).max(200);

/** How long things are kept; what is live, waits or is under way is kept whatever is written here. */
export const RetentionConfig = z.strictObject({
  builds: z.int().min(1).max(100_000).default(100),
  days: z.int().min(1).max(36_500).default(90),
  deliveries: Duration.default(30 * DAY_MS),
  events: Duration.default(7 * DAY_MS),
});
export type RetentionConfig = z.infer<typeof RetentionConfig>;

/** A shared library: a repository with `vars/`, `src/` and `resources/`, at a branch, tag or commit unless a file says otherwise. */
export const LibraryConfig = z.strictObject({
  forge: Name,
  repo: z
    .string()
    .regex(
      /^[A-Za-z0-9._][A-Za-z0-9._/-]{0,250}$/u,
      "write the repository as in its address, like team/library",
    ),
  version: z.string().min(1).max(250).default("main"),
  /** Whether a file may ask for another version. */
  override: z.boolean().default(true),
  /** Whether every file has it without asking. */
  implicit: z.boolean().default(false),
});
export type LibraryConfig = z.infer<typeof LibraryConfig>;

/** The whole of `sluice.yml`. It holds names of secrets, never a value. */
export const SluiceFile = z.strictObject({
  forges: z.record(Name, ForgeConfig).default({}),
  registries: z.record(Name, RegistryConfig).default({}),
  channels: z.record(Name, ChannelConfig).default({}),
  targets: z.record(Name, TargetConfig).default({}),
  environments: z.record(EnvironmentName, EnvironmentConfig).default({}),
  libraries: z.record(Name, LibraryConfig).default({}),
  projects: z.record(Key, ProjectConfig).default({}),
  /** Label: the resources that carry it, for `lock(label: …)`. */
  resources: z.record(Name, z.array(ResourceName).min(1).max(1000)).default({}),
  /** Category: how many blocks of `throttle` may run at once. */
  throttle: z.record(Name, z.int().min(1).max(1000)).default({}),
  notify: z.array(NotifyRule).default([]),
  retention: RetentionConfig.prefault({}),
});
export type SluiceFile = z.infer<typeof SluiceFile>;

/** An environment as stored: the file's, with lengths of time already in milliseconds. */
export const EnvironmentDefinition = EnvironmentConfig.extend({
  approve: ApproveRule.extend({ expires: z.int().positive() }),
  soak: z.int().nonnegative(),
  limit: z.int().positive(),
});
export type EnvironmentDefinition = z.infer<typeof EnvironmentDefinition>;
