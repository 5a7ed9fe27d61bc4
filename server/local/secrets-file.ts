import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { z } from "zod";
import { isDeepStrictEqual } from "node:util";
import type { Secrets } from "../secrets/secrets.ts";
import { SecretName, SecretValue } from "../secrets/values.ts";

/** The file of secrets cannot be used; every problem a line, without any value. */
export class SecretsFileError extends Error {
  override readonly name = "SecretsFileError";
}

const PLACE = { scope: "server", scopeId: "" } as const;
const PARTS = ["username", "password", "key", "passphrase", "file"] as const;
type Part = (typeof PARTS)[number] | "text";

/** One assignment of the file. */
interface Line {
  readonly line: number;
  readonly name: string;
  readonly part: Part;
  readonly text: string;
}

/**
 * Reads `.sluice.env`: `NAME=value` is a secret text; `NAME.username=` with `NAME.password=` a login, with `NAME.key=PATH`
 * (and `NAME.passphrase=`) an SSH key; `NAME.file=PATH` a secret file. Paths start at the file's folder.
 * @throws {SecretsFileError}
 */
export async function readSecretsFile(
  path: string,
  folder: string,
): Promise<ReadonlyMap<string, SecretValue>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw new SecretsFileError(
      `${basename(path)} cannot be read: ${error instanceof Error ? error.message : ""}`,
    );
  });
  const problems: string[] = [];
  const lines = text.split(/\r?\n/u).flatMap((source, index) => {
    const read = readLine(source, index + 1);
    if (typeof read === "string") problems.push(`${basename(path)}:${index + 1}: ${read}`);
    return read === null || typeof read === "string" ? [] : [read];
  });
  const found = new Map<string, SecretValue>();
  for (const [name, parts] of Map.groupBy(lines, (line) => line.name)) {
    const at = `${basename(path)}:${parts[0]?.line ?? 1}: ${name}`;
    const value = await valueOf(parts, folder);
    if (typeof value === "string") {
      problems.push(`${at}: ${value}`);
      continue;
    }
    const read = SecretValue.safeParse(value);
    if (read.success) found.set(name, read.data);
    else problems.push(`${at}: ${z.prettifyError(read.error).replaceAll(/\s+/gu, " ")}`);
  }
  if (problems.length > 0) throw new SecretsFileError(problems.join("\n"));
  return found;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function readLine(source: string, line: number): Line | string | null {
  if (/^\s*(#|$)/u.test(source)) return null;
  const match = /^\s*(?:export\s+)?([^=\s]+)\s*=(.*)$/u.exec(source);
  if (match === null) return "write NAME=value, or # before a remark";
  const [, left = "", right = ""] = match;
  const part = PARTS.find((one) => left.endsWith(`.${one}`)) ?? "text";
  const name = part === "text" ? left : left.slice(0, -part.length - 1);
  if (!SecretName.safeParse(name).success) return "a name has letters, digits, dots, dashes and underscores";
  return { line, name, part, text: unquoted(right.trim()) };
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/u.exec(text);
  return match?.[2] ?? text;
}

async function valueOf(lines: readonly Line[], folder: string): Promise<unknown> {
  const parts = new Map(lines.map(({ part, text }) => [part, text]));
  if (parts.size !== lines.length) return "it is set twice";
  const has = (...names: Part[]) => names.length === parts.size && names.every((name) => parts.has(name));
  if (has("text")) return { type: "string", text: parts.get("text") };
  if (has("username", "password"))
    return { type: "usernamePassword", username: parts.get("username"), password: parts.get("password") };
  if (has("file")) return await fileValue(folder, parts.get("file") ?? "");
  if (has("username", "key") || has("username", "key", "passphrase")) return await keyValue(folder, parts);
  return "write NAME=value, or NAME.username with NAME.password, or NAME.username with NAME.key, or NAME.file";
}

async function fileValue(folder: string, path: string): Promise<unknown> {
  const bytes = await readFile(resolve(folder, path)).catch(() => null);
  if (bytes === null) return `the file ${path} cannot be read`;
  return { type: "file", name: basename(path), content: bytes.toString("base64") };
}

async function keyValue(folder: string, parts: ReadonlyMap<Part, string>): Promise<unknown> {
  const path = parts.get("key") ?? "";
  const privateKey = await readFile(resolve(folder, path), "utf8").catch(() => null);
  if (privateKey === null) return `the key ${path} cannot be read`;
  const passphrase = parts.get("passphrase");
  return {
    type: "sshKey",
    username: parts.get("username"),
    privateKey,
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** Makes the vault hold exactly these secrets; one that did not change keeps its version. */
export async function applySecrets(
  secrets: Secrets,
  projectKey: string,
  wanted: ReadonlyMap<string, SecretValue>,
): Promise<void> {
  for (const { name } of await secrets.listSecrets(PLACE))
    if (!wanted.has(name)) await secrets.deleteSecret(PLACE, name, { by: null, revoke: false });
  for (const [name, value] of wanted) {
    const known = await secrets.resolveSecret(projectKey, name);
    if (!isDeepStrictEqual(known?.value, value)) await secrets.putSecret(PLACE, name, value, null);
  }
}
