import { z } from "zod";
import { SecretPart } from "./secret-part.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { SecretValue } from "../secrets/values.ts";
import type { Store } from "../store/store.ts";
import { partOf } from "./reads.ts";
import { type ParsedRef, parseRef } from "./translate/secret-refs.ts";

/** A binding as the journal keeps it. */
const Bound = z.looseObject({
  secret: z.string(),
  version: z.number(),
  variables: z.array(z.looseObject({ part: SecretPart, path: z.string().nullable() })),
});

/** A version that an unfinished build had bound is gone from the vault. */
export class SecretGone extends Error {
  override readonly name = "SecretGone";
}

/**
 * Adds the values of secrets to what a read gave, for the delivery to the engine only: the journal never holds them. A
 * part that is kept as a file has its path as value.
 * @throws {SecretGone}
 */
export async function withSecretValues(secrets: Secrets, value: unknown): Promise<unknown> {
  const read = z.array(Bound).min(1).safeParse(value);
  if (!read.success) return value;
  const result = [];
  for (const bound of read.data) {
    const id = Number(bound.secret.split(":", 1)[0]);
    const stored = await secrets.readVersion(id, bound.version);
    if (stored === undefined)
      throw new SecretGone(
        `the version of "${bound.secret.split(":").slice(1).join(":")}" that this build bound was removed`,
      );
    result.push({
      ...bound,
      variables: bound.variables.map((variable) => ({
        ...variable,
        value: variable.path ?? Buffer.from(partOf(stored, variable.part) ?? []).toString("utf8"),
      })),
    });
  }
  return result;
}

/** Values for a runner: only of versions that the build has bound. */
export async function valuesForRunner(
  deps: { readonly store: Store; readonly secrets: Secrets },
  buildId: number,
  refs: readonly string[],
): Promise<{ values: Record<string, { base64: string; mask: boolean }>; gone: string[] }> {
  const values: Record<string, { base64: string; mask: boolean }> = {};
  const gone: string[] = [];
  const bindings = await deps.store.db
    .selectFrom("secretBindings")
    .select(["secretId", "version"])
    .where("buildId", "=", buildId)
    .execute();
  const bound = new Set(bindings.map(({ secretId, version }) => `${secretId}.${version}`));
  for (const ref of refs) {
    const parsed = parseRef(ref);
    if (parsed?.kind === "literal") {
      values[ref] = { base64: Buffer.from(parsed.text).toString("base64"), mask: false };
      continue;
    }
    const allowed = parsed !== null && bound.has(`${parsed.secretId}.${parsed.version}`);
    const stored = allowed ? await deps.secrets.readVersion(parsed.secretId, parsed.version) : undefined;
    const bytes = stored === undefined || parsed === null ? null : bytesOf(stored, parsed);
    const mask = parsed?.kind === "secret" && parsed.part !== "username";
    if (bytes === null) gone.push(ref);
    else values[ref] = { base64: Buffer.from(bytes).toString("base64"), mask };
  }
  return { values, gone };
}

function bytesOf(stored: SecretValue, ref: Exclude<ParsedRef, { kind: "literal" }>): Uint8Array | null {
  if (ref.kind === "secret") return partOf(stored, ref.part);
  const login = partOf(stored, "userpass");
  if (login === null) return null;
  // Docker's own registry is known by an address of old.
  const server = ref.host === "docker.io" ? "https://index.docker.io/v1/" : ref.host;
  return Buffer.from(
    JSON.stringify({ auths: { [server]: { auth: Buffer.from(login).toString("base64") } } }),
  );
}
