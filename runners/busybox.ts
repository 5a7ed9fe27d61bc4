import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { SUPERVISOR } from "./step/supervisor.ts";

/** What `gitUsernamePassword` has git ask: it answers with two variables of the step. */
const ASKPASS = `#!/.sluice/bin/busybox sh
case "$1" in
  [Uu]sername*) echo "$GIT_USERNAME" ;;
  *) echo "$GIT_PASSWORD" ;;
esac
`;

const USUAL_PLACES = ["/bin/busybox", "/usr/bin/busybox", "/usr/local/bin/busybox"];
// Type of the ELF program header that names a dynamic loader.
const PT_INTERP = 3;

/**
 * The folder that every container sees as `/.sluice/bin`: a static busybox, the supervisor, and what git asks. Named by
 * content, so that containers of an older version keep what they were started with.
 * @throws {Error} in words when this machine has no static busybox.
 */
export function prepareBin(dataFolder: string, busybox: string | undefined): string {
  const source = busybox ?? USUAL_PLACES.find((file) => existsSync(file) && isStatic(file));
  if (source === undefined) {
    throw new Error(
      "a runner needs a static busybox: install the package busybox-static, or name one in the setting busybox",
    );
  }
  if (!isStatic(source))
    throw new Error(`${source} is not a static program; a runner needs a static busybox`);
  const bytes = readFileSync(source);
  const key = createHash("sha256")
    .update(bytes)
    .update(SUPERVISOR)
    .update(ASKPASS)
    .digest("hex")
    .slice(0, 16);
  const folder = path.join(dataFolder, "bin", key);
  const program = path.join(folder, "busybox");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (!existsSync(program)) {
    copyFileSync(source, `${program}.new`);
    chmodSync(`${program}.new`, 0o755);
    renameSync(`${program}.new`, program);
  }
  for (const [name, text] of [
    ["supervisor", SUPERVISOR],
    ["askpass", ASKPASS],
  ] as const) {
    const file = path.join(folder, name);
    writeFileSync(`${file}.new`, text, { mode: 0o755 });
    renameSync(`${file}.new`, file);
  }
  return folder;
}

/** Whether a file is an ELF program that needs no loader (elf(5), 64-bit little endian). */
export function isStatic(file: string): boolean {
  const fd = openSync(file, "r");
  try {
    const head = Buffer.alloc(4096);
    const got = readSync(fd, head, 0, head.length, 0);
    if (got < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return false;
    const offset = Number(head.readBigUInt64LE(32));
    const size = head.readUInt16LE(54);
    const count = head.readUInt16LE(56);
    for (let i = 0; i < count; i += 1) {
      const at = offset + i * size;
      if (at + 4 > got) return false;
      if (head.readUInt32LE(at) === PT_INTERP) return false;
    }
    return count > 0;
  } finally {
    closeSync(fd);
  }
}
