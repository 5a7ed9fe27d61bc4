import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "./errors.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const FORM = /^[a-z]{6}$/;

/** Six letters at random: the name of a server, an instance or a boot. */
export function sixLetters(): string {
  return Array.from({ length: 6 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join("");
}

/** The name of this server, made at its first start and kept in its data folder. */
export function serverName(dataFolder: string): string {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const file = join(dataFolder, "server.name");
  try {
    // Exclusive: of two first starts at once one name stays.
    writeFileSync(file, `${sixLetters()}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const name = readFileSync(file, "utf8").trim();
  if (!FORM.test(name)) throw new Error(`${file} holds no server name: remove it, and a new one is made`);
  return name;
}

/** The name of this run of the process. */
export function bootName(): string {
  return sixLetters();
}
