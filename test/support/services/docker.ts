import { readFileSync } from "node:fs";

import Docker from "dockerode";

const SETTINGS = new URL("../../../.local/env", import.meta.url);

/** Address of the engine that scripts/setup found or started: what a child process needs as DOCKER_HOST. */
export function engineAddress(): string {
  const set = process.env["DOCKER_HOST"];
  if (set !== undefined && set !== "") return set;
  return /^DOCKER_HOST=(.*)$/m.exec(settings())?.[1] ?? "unix:///var/run/docker.sock";
}

/** A client of that engine, or of the one at another address. */
export function dockerForTests(dockerHost = engineAddress()): Docker {
  const address = new URL(dockerHost);
  if (address.protocol === "unix:") return new Docker({ socketPath: address.pathname });
  return new Docker({ protocol: "http", host: address.hostname, port: Number(address.port) });
}

// Written by scripts/setup; absent where the tests run without it and the engine is at its usual place.
function settings(): string {
  try {
    return readFileSync(SETTINGS, "utf8");
  } catch {
    return "";
  }
}
