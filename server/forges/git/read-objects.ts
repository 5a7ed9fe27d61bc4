import { titleOf } from "../refs.ts";
import type { CommitInfo } from "./mirror.ts";
import type { GitObject } from "./objects.ts";

/** An entry of a tree: what it is, by its mode, and the object it names. */
export interface TreeEntry {
  readonly mode: string;
  readonly id: string;
}

/** The entry of that name in a tree's bytes: mode, space, name, NUL, the id's bytes. */
export function entryIn(tree: GitObject, name: string): TreeEntry | null {
  const { content } = tree;
  if (content === null) return null;
  const idBytes = tree.id.length / 2;
  for (let at = 0; at < content.byteLength;) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    if (space < 0 || end < 0) return null;
    if (content.toString("utf8", space + 1, end) === name)
      return {
        mode: content.toString("utf8", at, space),
        id: content.toString("hex", end + 1, end + 1 + idBytes),
      };
    at = end + 1 + idBytes;
  }
  return null;
}

/** What a commit's bytes say: header lines, an empty line, the message. */
export function commitOf(object: GitObject): CommitInfo {
  const bytes = object.content ?? Buffer.alloc(0);
  const split = bytes.indexOf("\n\n");
  const head = bytes.subarray(0, split < 0 ? bytes.byteLength : split);
  const encoding = /^encoding (.+)$/mu.exec(head.toString("latin1"))?.[1] ?? "utf-8";
  const header = decoded(head, encoding);
  const message = split < 0 ? "" : decoded(bytes.subarray(split + 2), encoding).trimEnd();
  const author = /^author (.*?) ?<([^>]*)>/mu.exec(header);
  const seconds = /^committer .*> (\d+)/mu.exec(header)?.[1] ?? "0";
  return {
    sha: object.id,
    author: author?.[1] ?? "",
    authorMail: author?.[2] ?? "",
    atMs: Number(seconds) * 1000,
    title: titleOf(message.split("\n", 1)[0] ?? ""),
    message,
  };
}

function decoded(bytes: Buffer, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    return bytes.toString("utf8"); // an encoding that nobody knows
  }
}
