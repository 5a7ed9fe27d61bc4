/** The command line: `sluice COMMAND …`. Each command is loaded only when it is called, so that a check stays quick. */
type Command = (argv: readonly string[]) => Promise<number>;

interface Entry {
  readonly what: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    what: "the server, with a runner inside it",
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  runner: {
    what: "a runner on this machine, for a server elsewhere",
    load: async () => (await import("./commands/runner.ts")).runnerCommand,
  },
  lint: { what: "check Jenkinsfiles", load: async () => (await import("./commands/lint.ts")).lintCommand },
  run: {
    what: "run a Jenkinsfile on this machine",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  groovy: {
    what: "evaluate a script without steps",
    load: async () => (await import("./commands/groovy.ts")).groovyCommand,
  },
  why: {
    what: "why a build stands where it stands",
    load: async () => (await import("./commands/why.ts")).whyCommand,
  },
  secret: {
    what: "set, list and remove secrets",
    load: async () => (await import("./commands/secret.ts")).secretCommand,
  },
  backup: {
    what: "pack everything but the key into one file",
    load: async () => (await import("./commands/backup.ts")).backupCommand,
  },
  restore: {
    what: "bring a backup back, or look whether it is good",
    load: async () => (await import("./commands/restore.ts")).restoreCommand,
  },
  doctor: {
    what: "what this machine and this server are like",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
};

const UNUSABLE = 2;

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`);
  return ["Usage: sluice COMMAND …", "", ...lines, "", "sluice COMMAND --help says more."].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "help") {
    console.log(usage());
    return name === undefined ? UNUSABLE : 0;
  }
  if (name === "--version") {
    console.log((await import("../server/version.ts")).VERSION);
    return 0;
  }
  const entry = COMMANDS[name];
  if (entry === undefined) {
    console.error(`sluice: there is no command "${name}"\n\n${usage()}`);
    return UNUSABLE;
  }
  const command = await entry.load();
  return await command(rest);
}

process.exitCode = await main(process.argv.slice(2));
