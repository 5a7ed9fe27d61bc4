import { parseArgs } from "node:util";

export const USAGE = `Usage: sluice run [options] FILE
       sluice run --dry-run [options] FILE

Runs a Jenkinsfile on this machine: its agents are containers of the Docker Engine here, its source is the working tree
as it stands, new and changed files included. The console goes to the standard output, all else to the standard error.
  --dry-run          without containers: commands are printed, gates approved, nothing is done
  --param NAME=VALUE a parameter of the build
  --env NAME=VALUE   a variable for every step; nothing else of this shell's environment reaches one
  --branch NAME      as a build of that branch (default: the one checked out)
  --tag NAME         as a build of that tag
  --stage NAME       begin with this top-level stage; those before it are skipped
  --approve NAME     approve the input of that id, stage or message, with its defaults; may be repeated
  --config FILE      a sluice.yml: "deploy" then prints its plan, registries are known
  --secrets FILE     secrets (default: .sluice.env at the top of the tree)
  --places N         agents that may be open at once (default 4)
  --allow-unstable   an unstable build ends with 0
Exit status: 0 succeeded, 1 failed, 2 wrong use, 3 unstable, 5 another run is under way here, 6 aborted or rejected,
69 no Docker Engine, 75 an input waits and nobody can be asked, 78 a setting must be changed first, 130 Ctrl-C.`;

/** What `sluice run FILE` is told. */
export interface RunOptions {
  readonly file: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly branch: string | null;
  readonly tag: string | null;
  readonly stage: string | null;
  readonly approve: readonly string[];
  readonly config: string | null;
  readonly secrets: string | null;
  readonly places: number;
  readonly allowUnstable: boolean;
}

const DEFAULT_PLACES = 4;

/** Reads the arguments; a text says what is wrong with them, `help` that help is wanted. */
export function readOptions(argv: readonly string[]): RunOptions | "help" | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        param: { type: "string", multiple: true, default: [] },
        env: { type: "string", multiple: true, default: [] },
        branch: { type: "string" },
        tag: { type: "string" },
        stage: { type: "string" },
        approve: { type: "string", multiple: true, default: [] },
        config: { type: "string" },
        secrets: { type: "string" },
        places: { type: "string", default: `${DEFAULT_PLACES}` },
        "allow-unstable": { type: "boolean", default: false },
      },
    });
    if (values.help) return "help";
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) return { wrong: "one file is needed" };
    if (values.branch !== undefined && values.tag !== undefined)
      return { wrong: "--branch and --tag exclude each other" };
    const places = Number(values.places);
    if (!Number.isSafeInteger(places) || places < 1) return { wrong: "--places takes a number from 1" };
    return {
      file,
      parameters: pairs("--param", values.param),
      environment: pairs("--env", values.env),
      branch: values.branch ?? null,
      tag: values.tag ?? null,
      stage: values.stage ?? null,
      approve: values.approve,
      config: values.config ?? null,
      secrets: values.secrets ?? null,
      places,
      allowUnstable: values["allow-unstable"],
    };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

function pairs(option: string, given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new Error(`${option} takes NAME=VALUE, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
