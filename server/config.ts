import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { Duration, SluiceFile } from "./config-schema.ts";
import { checkReferences } from "./config-references.ts";
import { readYaml } from "./config-yaml.ts";

/** One bad value: where it stands, what is wrong, what to do. */
export interface ConfigProblem {
  /** `sluice.yml:12` or the name of an environment variable. */
  readonly where: string;
  readonly text: string;
}

/** The settings cannot be used; every problem at once, a line each. The process ends with 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map((problem) => `${problem.where}: ${problem.text}`).join("\n"), options);
    this.problems = problems;
  }
}

/** Everything the server is told from outside, checked. Absolute paths; `publicUrl` without a slash at its end. */
export interface Config {
  readonly dataFolder: string;
  readonly configFile: string | null;
  readonly keyFile: string;
  readonly publicUrl: string;
  readonly publicUrlSet: boolean;
  readonly port: number;
  /** Where we listen: every address, but loopback alone where people would speak plain http unasked. */
  readonly host: string;
  readonly allowHttp: boolean;
  /** How long an agent may wait for a person with its containers running; null: for ever. */
  readonly parkAfterMs: number | null;
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly dockerHost: string | null;
  readonly file: SluiceFile;
}

const Flag = z
  .enum(["", "0", "1", "true", "false"], { error: "write 1 or 0" })
  .transform((text) => text === "1" || text === "true");

const Port = z
  .string()
  .regex(/^\d{1,5}$/u, "write a port number from 0 to 65535")
  .transform(Number)
  .refine((port) => port <= 65_535, "write a port number from 0 to 65535");

const address = (scheme: RegExp, example: string) =>
  z.url({ protocol: scheme, error: `write an address like ${example}` });

/** The environment variables we read; others are not ours. An empty one is an absent one. */
const Environment = z.object({
  SLUICE_DATA: z.string().default("./data"),
  SLUICE_CONFIG: z.string().optional(),
  SLUICE_KEY_FILE: z.string().optional(),
  SLUICE_ALLOW_HTTP: Flag.default(false),
  SLUICE_PARK_AFTER: z.union([z.literal("never").transform(() => null), Duration]).prefault("60s"),
  SLUICE_PUBLIC_URL: address(/^https?$/u, "https://ci.example.com").optional(),
  SLUICE_PORT: Port.default(3000),
  DATABASE_URL: address(/^postgres(ql)?$/u, "postgres://user:password@host/sluice").optional(),
  REDIS_URL: address(/^(rediss?|unix)$/u, "redis://host:6379").optional(),
  DOCKER_HOST: z.string().optional(),
});

/** What the file holds, with the places of its values for messages. */
export interface LoadedFile {
  readonly file: SluiceFile;
  readonly problems: readonly ConfigProblem[];
}

const EMPTY_FILE = SluiceFile.parse({});

/** Reads and checks one `sluice.yml`. `name` is how messages call it. Never throws on the text's mistakes. */
export function readSluiceFile(text: string, name: string): LoadedFile {
  const yaml = readYaml(text);
  const at = (line: number) => `${name}:${line}`;
  if (!yaml.ok)
    return {
      file: EMPTY_FILE,
      problems: yaml.problems.map((one) => ({ where: at(one.line), text: one.text })),
    };
  const parsed = SluiceFile.safeParse(yaml.value ?? {});
  if (!parsed.success) {
    return {
      file: EMPTY_FILE,
      problems: parsed.error.issues.map((issue) => ({
        where: at(yaml.lineOf(placeOf(issue))),
        text: sentence(issue),
      })),
    };
  }
  const wrong = checkReferences(parsed.data);
  return {
    file: parsed.data,
    problems: wrong.map((one) => ({
      where: at(yaml.lineOf(one.path)),
      text: `${one.path.join(".")}: ${one.text}`,
    })),
  };
}

/**
 * Reads the whole configuration from the environment and the file it names. `folder` is where relative paths start.
 * @throws {ConfigError} with every problem found
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const read = Environment.safeParse(given);
  if (!read.success) {
    throw new ConfigError(
      read.error.issues.map((issue) => ({
        where: String(issue.path[0]),
        text: `${issue.message}; got "${given[String(issue.path[0])] ?? ""}"`,
      })),
    );
  }
  const env = read.data;
  const dataFolder = resolve(folder, env.SLUICE_DATA);
  const configFile = env.SLUICE_CONFIG === undefined ? null : resolve(folder, env.SLUICE_CONFIG);
  const publicUrl = (env.SLUICE_PUBLIC_URL ?? `http://localhost:${env.SLUICE_PORT}`).replace(/\/+$/u, "");
  if (publicUrl.startsWith("http:") && !env.SLUICE_ALLOW_HTTP && !isLoopback(publicUrl)) {
    const text = `${publicUrl} would send passwords in the open; write an https address, or set SLUICE_ALLOW_HTTP=1`;
    throw new ConfigError([{ where: "SLUICE_PUBLIC_URL", text }]);
  }
  return {
    dataFolder,
    configFile,
    keyFile:
      env.SLUICE_KEY_FILE === undefined
        ? resolve(dataFolder, "secret.key")
        : resolve(folder, env.SLUICE_KEY_FILE),
    publicUrl,
    publicUrlSet: env.SLUICE_PUBLIC_URL !== undefined,
    port: env.SLUICE_PORT,
    host: publicUrl.startsWith("https:") || env.SLUICE_ALLOW_HTTP ? "0.0.0.0" : "127.0.0.1",
    allowHttp: env.SLUICE_ALLOW_HTTP,
    parkAfterMs: env.SLUICE_PARK_AFTER,
    databaseUrl: env.DATABASE_URL ?? null,
    redisUrl: env.REDIS_URL ?? null,
    dockerHost: env.DOCKER_HOST ?? null,
    file: configFile === null ? EMPTY_FILE : loadFile(configFile),
  };
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** Reads `sluice.yml` from disk. @throws {ConfigError} */
export function loadFile(path: string): SluiceFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ where: "SLUICE_CONFIG", text: `${path} cannot be read: ${why}` }], { cause });
  }
  const loaded = readSluiceFile(text, path);
  if (loaded.problems.length > 0) throw new ConfigError(loaded.problems);
  return loaded.file;
}

function placeOf(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  const prefix = path === "" ? "" : `${path}: `;
  if (issue.code === "unrecognized_keys") {
    return `${prefix}${issue.keys.map((key) => `"${key}"`).join(", ")} ${issue.keys.length === 1 ? "is" : "are"} not known here; check the spelling or remove it`;
  }
  return `${prefix}${issue.message}`;
}
