import { lookup as dnsLookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP } from "node:net";
import type { Begin, HttpRequest } from "../../pipelines/ports.ts";
import { refusal } from "./translate/failure.ts";
import type { EffectOutcome } from "./translate/outcome.ts";

const LIMIT_MS = 60_000;
const BODY_BYTES = 8 * 1024 * 1024;

/** Addresses that no file of a repository may reach: this machine itself, and where clouds keep their keys. */
const CLOSED = new BlockList();
CLOSED.addSubnet("127.0.0.0", 8, "ipv4");
CLOSED.addSubnet("169.254.0.0", 16, "ipv4");
CLOSED.addAddress("100.100.100.200", "ipv4");
CLOSED.addAddress("0.0.0.0", "ipv4");
CLOSED.addAddress("::1", "ipv6");
CLOSED.addAddress("::", "ipv6");
CLOSED.addSubnet("fe80::", 10, "ipv6");
CLOSED.addSubnet("::ffff:127.0.0.0", 104, "ipv6");
CLOSED.addSubnet("::ffff:169.254.0.0", 112, "ipv6");

/** Whether a request may go to this address. */
export function isOpenAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !CLOSED.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Carries out an `httpRequest` step. The address is looked up once and that one is connected to. Never throws. */
export async function runHttpStep(
  begin: Begin,
  credential: { readonly username: string; readonly password: string } | null,
  signal: AbortSignal,
): Promise<EffectOutcome> {
  if (begin.request.kind !== "http")
    return { error: refusal("this is no request", "internal_error", "sluice") };
  const request = begin.request;
  if (request.output !== null || request.upload !== null)
    return {
      error: refusal(
        "httpRequest writes and sends no files here: use sh with curl in the agent",
        "not_allowed",
      ),
    };
  if (request.ignoreTls)
    return {
      error: refusal("httpRequest checks certificates always: ignoreSslErrors is refused", "not_allowed"),
    };
  try {
    return { value: await send(request, credential, signal) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { error: refusal(`${request.method} ${hostOf(request.url)}: ${text}`, "error_step", "command") };
  }
}

/** The address without what may be secret in it. */
function hostOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "an address that cannot be read";
  }
}

async function send(
  request: HttpRequest,
  credential: { readonly username: string; readonly password: string } | null,
  signal: AbortSignal,
): Promise<{ status: number; content: string; headers: Record<string, string[]> }> {
  const url = new URL(request.url);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Error(`${url.protocol} is not spoken here`);
  const open = url.protocol === "https:" ? httpsRequest : httpRequest;
  const headers: Record<string, string> = {};
  for (const { name, value } of request.headers) headers[name] = value;
  if (credential !== null)
    headers["authorization"] =
      `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString("base64")}`;
  if (
    isIP(url.hostname.replaceAll(/[[\]]/g, "")) !== 0 &&
    !isOpenAddress(url.hostname.replaceAll(/[[\]]/g, ""))
  )
    throw new Error("this address is closed to builds");
  return await new Promise((resolve, reject) => {
    const sent = open(url, {
      method: request.method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs ?? LIMIT_MS)]),
      lookup: (host, options, done) => {
        dnsLookup(host, { ...options, all: true }, (error, found) => {
          if (error !== null) return done(error, []);
          const usable = found.filter(({ address }) => isOpenAddress(address));
          const [first] = usable;
          if (first === undefined) return done(new Error("this address is closed to builds"), []);
          return options.all === true ? done(null, usable) : done(null, first.address, first.family);
        });
      },
    });
    sent.once("error", reject);
    sent.once("response", (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on("data", (piece: Buffer) => {
        size += piece.length;
        if (size > BODY_BYTES)
          sent.destroy(new Error(`the answer is larger than ${BODY_BYTES / 1024 / 1024} MiB`));
        else pieces.push(piece);
      });
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          content: Buffer.concat(pieces).toString("utf8"),
          headers: Object.fromEntries(
            Object.entries(response.headersDistinct).map(([name, values]) => [name, values ?? []]),
          ),
        }),
      );
    });
    sent.end(request.body ?? undefined);
  });
}
