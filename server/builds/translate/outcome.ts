import type {
  CommandValue,
  Data,
  OpenedValue,
  Outcome as WireOutcome,
  ReadyValue,
} from "../../../runners/protocol.ts";
import type { Stored, StoredError } from "../../../pipelines/ports.ts";
import { unreachable } from "../../../pipelines/unreachable.ts";
import { errorOf, refusal } from "./failure.ts";

/** What an effect ends with, before it is sealed: exactly one of the two. */
export type EffectOutcome = { readonly value: Stored } | { readonly error: StoredError };

/** Text of data that came along; a blob is fetched by whoever can. */
export type ReadBlob = (sha256: string) => Promise<Uint8Array>;

/** What a single command's end means to the engine. Opens and containers of an agent are put together elsewhere. */
export async function outcomeOf(outcome: WireOutcome, readBlob: ReadBlob): Promise<EffectOutcome> {
  if (!outcome.ok) return { error: errorOf(outcome.failure) };
  return { value: await valueOf(outcome.result, readBlob) };
}

async function valueOf(result: CommandValue, readBlob: ReadBlob): Promise<Stored> {
  switch (result.of) {
    case "exec": {
      const { exit, signal, oom, memory, out } = result.value;
      return {
        exit,
        ...(signal === null ? {} : { signal }),
        ...(oom ? { oom } : {}),
        ...(memory === undefined ? {} : { memory }),
        ...(out === null ? {} : { out: await textOf(out, readBlob) }),
      };
    }
    case "checkout":
      return { env: result.value.env };
    case "container":
      return { id: result.value.containerId, digest: result.value.digest, env: result.value.env, ports: {} };
    case "image":
      return { imageId: result.value.imageId, digest: result.value.digest };
    case "blob":
      return { files: result.value.count, bytes: result.value.bytes };
    case "file": {
      const value = result.value;
      if (value.kind === "done") return value.done;
      if (value.kind === "data") return await textOf(value.data, readBlob);
      if (value.kind === "files")
        return value.files.map((file) => ({
          name: file.name,
          path: file.path,
          directory: file.directory,
          length: file.bytes,
          lastModified: file.modifiedAtMs,
        }));
      const texts: Stored[] = [];
      for (const { path, data } of value.texts) texts.push({ path, text: await textOf(data, readBlob) });
      return texts;
    }
    case "open":
      return { node: result.value.node };
    case "cancel":
    case "drop":
    case "park":
    case "unpark":
    case "close":
      return null;
    default:
      return unreachable(result);
  }
}

/** Bytes that are no UTF-8 become U+FFFD, as the console shows them. */
export async function textOf(data: Data, readBlob: ReadBlob): Promise<string> {
  switch (data.kind) {
    case "text":
      return data.text;
    case "base64":
      return data.base64;
    case "blob":
      return new TextDecoder().decode(await readBlob(data.blob));
    default:
      return unreachable(data);
  }
}

/** Ends of the commands that open an agent, by the type of each. */
export type SessionParts = ReadonlyMap<string, WireOutcome>;

/**
 * What entering an agent gave: its first failure, else node, workspace and environment put together. The environment is
 * the image's, overlaid with that of the session.
 */
export function sessionOutcome(parts: SessionParts, labels: string): EffectOutcome {
  for (const type of ["open", "checkout", "image", "container"]) {
    const part = parts.get(type);
    if (part !== undefined && !part.ok) return { error: errorOf(part.failure) };
  }
  const opened = openedOf(parts.get("open"));
  const ready = readyOf(parts.get("container"));
  if (opened === null || ready === null)
    return { error: refusal("the agent was reported ready without its parts", "internal_error", "sluice") };
  const checkout = parts.get("checkout");
  return {
    value: {
      node: opened.node,
      labels,
      workspace: opened.workspace,
      tmp: opened.temp,
      env: { ...ready.env, ...(ready.home === "" ? {} : { HOME: ready.home }), ...opened.env },
      scm: checkout?.ok === true && checkout.result.of === "checkout" ? checkout.result.value.env : null,
    },
  };
}

function openedOf(outcome: WireOutcome | undefined): OpenedValue | null {
  return outcome?.ok === true && outcome.result.of === "open" ? outcome.result.value : null;
}

function readyOf(outcome: WireOutcome | undefined): ReadyValue | null {
  return outcome?.ok === true && outcome.result.of === "container" ? outcome.result.value : null;
}

/** The image that a Dockerfile of an agent gave, once it was built. */
export function builtImage(parts: SessionParts): string | null {
  const image = parts.get("image");
  return image?.ok === true && image.result.of === "image" ? image.result.value.imageId : null;
}
