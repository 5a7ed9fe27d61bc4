import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type Docker from "dockerode";

import { temporaryFolder } from "./folder.ts";
import { runToEnd } from "./process.ts";

/** Says which content an image was packed from, so that a newer node or busybox makes it anew. */
const CONTENT_LABEL = "dev.sluice.content";
const BUSYBOX = "/bin/busybox";
const NODE = fileURLToPath(new URL("../../../node_modules/node/bin/node", import.meta.url));
const AGENT_IMAGE = fileURLToPath(new URL("../../../scripts/agent-image", import.meta.url));

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "node:x:1000:1000:node:/home/node:/bin/sh",
  "agent:x:10001:10001:agent:/:/bin/sh",
  "nobody:x:65534:65534:nobody:/:/bin/sh",
];

/** Names where real images are, `docker.io/library` or a mirror, if they are to be used. */
const SOURCE = "SLUICE_IMAGE_SOURCE";

/** A shell with the usual small programs (busybox). Gives its name. */
export async function busyboxImage(docker: Docker): Promise<string> {
  const name = "sluice-demo/busybox:1";
  if (await pulled(docker, "busybox:1", name)) return name;
  await pack(docker, name, [BUSYBOX], addBusybox, ['CMD ["/bin/sh"]']);
  return name;
}

/** The same with Node 24: what the sample repository is built from. Gives its name. */
export async function nodeImage(docker: Docker): Promise<string> {
  const name = "sluice-demo/node:24";
  if (await pulled(docker, "node:24", name)) return name;
  await pack(docker, name, [BUSYBOX, NODE], addNode, ['CMD ["/usr/bin/node"]', "WORKDIR /app"]);
  return name;
}

// Many machines that build us reach no registry, so an image is packed from this machine's busybox and Node unless told otherwise.
async function pulled(docker: Docker, wanted: string, name: string): Promise<boolean> {
  const source = process.env[SOURCE];
  if (source === undefined || source === "") return false;
  await pullAs(docker, `${source}/${wanted}`, name);
  return true;
}

/** Pulls `wanted` and calls it `name`. @throws {Error} with the engine's words */
export async function pullAs(docker: Docker, wanted: string, name: string): Promise<void> {
  const said = await readAll(await docker.pull(wanted));
  if (said.includes('"error"')) throw new Error(`${wanted} was not pulled: ${said.slice(-512)}`);
  const [repo, tag] = splitName(name);
  await docker.getImage(wanted).tag({ repo, tag });
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let said = "";
  stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(stream, "end");
  return said;
}

/** The default agent's image, by scripts/agent-image. Gives its name. */
export async function agentImage(dockerHost: string): Promise<string> {
  const out = await runToEnd("bash", [AGENT_IMAGE], { env: { ...process.env, DOCKER_HOST: dockerHost } });
  return out.trim().split("\n").at(-1) ?? "";
}

async function pack(
  docker: Docker,
  name: string,
  sources: readonly string[],
  fill: (root: string) => Promise<void>,
  changes: readonly string[],
): Promise<void> {
  const content = await contentOf([...sources, fileURLToPath(import.meta.url)]);
  if ((await labelOf(docker, name)) === content) return;
  const folder = await temporaryFolder("image");
  try {
    await fill(folder.path);
    await importFolder(docker, folder.path, name, [...changes, `LABEL ${CONTENT_LABEL}=${content}`]);
  } finally {
    await folder.remove();
  }
}

async function contentOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

async function labelOf(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Config.Labels?.[CONTENT_LABEL];
  } catch {
    return undefined; // no such image yet
  }
}

async function importFolder(
  docker: Docker,
  folder: string,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const tar = spawn("tar", ["-C", folder, "--owner=0", "--group=0", "--numeric-owner", "-c", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [repo, tag] = splitName(name);
  const answer = await docker.importImage(tar.stdout, { repo, tag, changes: [...changes] });
  const said = await readAll(answer);
  if (said.includes('"error"')) throw new Error(`the engine refused ${name}: ${said.slice(-512)}`);
}

function splitName(name: string): [string, string] {
  const at = name.lastIndexOf(":");
  return [name.slice(0, at), name.slice(at + 1)];
}

async function addBusybox(root: string): Promise<void> {
  for (const folder of ["bin", "usr/bin", "etc", "root", "home/node", "tmp", "app"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  // A build's own user writes here.
  await chmod(join(root, "app"), 0o777);
  await writeFile(join(root, "etc/passwd"), `${PASSWD.join("\n")}\n`);
  await writeFile(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\nagent:x:10001:\nnogroup:x:65534:\n");
  await copyFile(BUSYBOX, join(root, "bin/busybox"));
  const applets = (await runToEnd(BUSYBOX, ["--list"])).trim().split("\n");
  for (const applet of applets) {
    if (applet !== "busybox") await symlink("busybox", join(root, "bin", applet));
  }
}

async function addNode(root: string): Promise<void> {
  await addBusybox(root);
  await copyFile(NODE, join(root, "usr/bin/node"));
  for (const library of await librariesOf(NODE)) {
    const inside = join(root, library);
    await mkdir(dirname(inside), { recursive: true });
    await copyFile(await realpath(library), inside);
  }
  const version = (await runToEnd(NODE, ["--version"])).trim();
  await writeFile(
    join(root, "etc/os-release"),
    `NAME="Sluice demo"\nID=sluice-demo\nVERSION_ID=${version}\n`,
  );
}

/** Paths of the shared libraries (the loader among them) that a program needs, as ldd(1) lists them. */
async function librariesOf(program: string): Promise<string[]> {
  const paths: string[] = [];
  for (const line of (await runToEnd("ldd", [program])).split("\n")) {
    const path = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) paths.push(path);
  }
  return paths;
}
