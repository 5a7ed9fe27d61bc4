import { spawn } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { temporaryFolder } from "./folder.ts";
import { runToEnd } from "./process.ts";

const POST_RECEIVE = fileURLToPath(new URL("../../../examples/post-receive", import.meta.url));

/** Where a repository announces what was pushed: an address of Sluice and the secret that signs the request. */
export interface Hook {
  readonly url: string;
  readonly secret: string;
}

/** A git server: repositories below one folder, read and written over HTTP by git's own http-backend. */
export interface GitServer {
  /** `http://127.0.0.1:PORT`; a repository is at `/NAME.git`. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Makes an empty repository (branch main) and gives its address; an existing one stays as it is. */
  createRepository(name: string): Promise<string>;
  /** Lets every later push of that repository be announced. */
  setHook(name: string, hook: Hook): Promise<void>;
  stop(): Promise<void>;
}

/** What a git server may be told. */
export interface GitServerOptions {
  readonly folder?: string;
  readonly port?: number;
  /** Asked for on every request if given. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** git's settings of this machine and this user must not decide how a test ends. */
export const GIT_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Ada Example",
  GIT_AUTHOR_EMAIL: "ada@example.test",
  GIT_COMMITTER_NAME: "Ada Example",
  GIT_COMMITTER_EMAIL: "ada@example.test",
};

/** Starts a git server on loopback. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const temporary = options.folder === undefined ? await temporaryFolder("git") : undefined;
  const folder = options.folder ?? temporary?.path ?? "";
  const server = createServer((request, response) => {
    if (!isAllowed(request, options.credentials)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    serve(folder, request, response);
  });
  const port = await listen(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    folder,
    createRepository: async (name) => {
      await createRepository(join(folder, `${name}.git`));
      return `${url}/${name}.git`;
    },
    setHook: async (name, hook) => await setHook(folder, name, hook),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await temporary?.remove();
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}

function isAllowed(request: IncomingMessage, credentials: GitServerOptions["credentials"]): boolean {
  if (credentials === undefined) return true;
  const wanted = Buffer.from(
    `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`,
  );
  const got = Buffer.from(request.headers.authorization ?? "");
  return got.length === wanted.length && timingSafeEqual(got, wanted);
}

/** One request through git's CGI program (git-http-backend(1)). */
function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const env: NodeJS.ProcessEnv = {
    ...GIT_ENV,
    GIT_PROJECT_ROOT: folder,
    GIT_HTTP_EXPORT_ALL: "1",
    REMOTE_USER: "pusher",
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    REQUEST_METHOD: request.method ?? "GET",
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
  };
  const length = request.headers["content-length"];
  if (length !== undefined) env["CONTENT_LENGTH"] = length;
  const child = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "ignore"] });
  child.once("error", () => response.destroy());
  child.stdin.on("error", () => {});
  request.pipe(child.stdin);
  response.once("close", () => child.kill());
  answerFrom(child.stdout, response);
}

/** A CGI answer: header lines, an empty line, the body. */
function answerFrom(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    output.off("data", onData);
    writeHead(head.subarray(0, end).toString(), response);
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on("data", onData);
  output.once("end", () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}

function writeHead(head: string, response: ServerResponse): void {
  for (const line of head.split("\r\n")) {
    const [name = "", value = ""] = line.split(/:\s*/, 2);
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
}

async function createRepository(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await git(dirname(path), ["init", "--quiet", "--bare", "--initial-branch=main", path]);
  await git(path, ["config", "http.receivepack", "true"]);
}

async function setHook(folder: string, name: string, hook: Hook): Promise<void> {
  const path = join(folder, `${name}.git`);
  await git(path, ["config", "sluice.url", hook.url]);
  await git(path, ["config", "sluice.secret", hook.secret]);
  await git(path, ["config", "sluice.repository", name]);
  // The very hook that people are told to install.
  const file = join(path, "hooks", "post-receive");
  await copyFile(POST_RECEIVE, file);
  await chmod(file, 0o755);
}

/** Runs git in `folder` with settings of its own and gives what it printed. @throws {Error} with git's words. */
export async function git(folder: string, args: readonly string[]): Promise<string> {
  return (await runToEnd("git", args, { cwd: folder, env: GIT_ENV })).trim();
}

/** A clone to change and push from. */
export interface WorkingCopy {
  readonly folder: string;
  /** Writes the files (`null` removes one), commits, and gives the commit's id. */
  commit(message: string, files: Readonly<Record<string, string | null>>): Promise<string>;
  tag(name: string): Promise<void>;
  push(...refs: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** Clones `url` (with credentials in it if the server asks for some) into a temporary folder. */
export async function cloneForTests(url: string): Promise<WorkingCopy> {
  const temporary = await temporaryFolder("clone");
  const folder = join(temporary.path, "copy");
  try {
    await git(temporary.path, ["clone", "--quiet", url, folder]);
  } catch (error) {
    await temporary.remove();
    throw error;
  }
  return {
    folder,
    commit: async (message, files) => {
      for (const [name, text] of Object.entries(files)) {
        const path = join(folder, name);
        if (text === null) {
          await git(folder, ["rm", "--quiet", name]);
        } else {
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, text);
        }
      }
      await git(folder, ["add", "--all"]);
      await git(folder, ["commit", "--quiet", "--message", message]);
      return await git(folder, ["rev-parse", "HEAD"]);
    },
    tag: async (name) => {
      await git(folder, ["tag", "--annotate", "--message", name, name]);
    },
    push: async (...refs) => {
      await git(folder, ["push", "--quiet", "origin", ...refs]);
    },
    remove: async () => await temporary.remove(),
  };
}
