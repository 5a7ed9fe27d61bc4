import { text as readAll } from "node:stream/consumers";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ApiError, callApi } from "../api-client.ts";

const USAGE = `Usage: sluice secret set NAME [--project KEY] [--type string|usernamePassword|file|sshKey] [--username NAME] [--file-name NAME]
       sluice secret list [--project KEY]
       sluice secret remove NAME [--project KEY]

Values are read from standard input and never shown again. SLUICE_URL and SLUICE_TOKEN say which server.`;

const Listed = z.object({ items: z.array(z.looseObject({ name: z.string(), type: z.string() })) });

/** `sluice secret`: gives the exit status. */
export async function secretCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  const base =
    options.project === undefined ? "/secrets" : `/projects/${encodeURIComponent(options.project)}/secrets`;
  try {
    if (options.verb === "list") {
      const { items } = await callApi("GET", base, Listed);
      for (const item of items) console.log(`${item.name}\t${item.type}`);
      return 0;
    }
    if (options.name === undefined) {
      console.error(USAGE);
      return 2;
    }
    const path = `${base}/${encodeURIComponent(options.name)}`;
    if (options.verb === "remove") await callApi("DELETE", path, z.unknown());
    else await callApi("PUT", path, z.unknown(), valueOf(options, await readAll(process.stdin)));
    return 0;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    console.error(error.message);
    return 1;
  }
}

interface Options {
  readonly verb: "set" | "list" | "remove";
  readonly name: string | undefined;
  readonly project: string | undefined;
  readonly type: string;
  readonly username: string;
  readonly fileName: string | undefined;
}

function readOptions(argv: readonly string[]): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        project: { type: "string" },
        type: { type: "string", default: "string" },
        username: { type: "string", default: "" },
        "file-name": { type: "string" },
      },
    });
    const [verb, name] = positionals;
    if (verb !== "set" && verb !== "list" && verb !== "remove") return null;
    return {
      verb,
      name,
      project: values.project,
      type: values.type,
      username: values.username,
      fileName: values["file-name"],
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** The value as the API takes it. A last newline of a plain value comes from `echo` and is no part of it. */
function valueOf(options: Options, input: string): object {
  const plain = input.replace(/\r?\n$/u, "");
  switch (options.type) {
    case "usernamePassword":
      return { type: "usernamePassword", username: options.username, password: plain };
    case "file":
      return {
        type: "file",
        name: basename(options.fileName ?? options.name ?? "secret"),
        content: Buffer.from(input).toString("base64"),
      };
    case "sshKey":
      return {
        type: "sshKey",
        username: options.username === "" ? "git" : options.username,
        privateKey: input,
      };
    default:
      return { type: "string", text: plain };
  }
}
