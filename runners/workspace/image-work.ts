import path from "node:path";
import { acrossOutages } from "../docker/outage.ts";
import type { RegistryLogin } from "../docker/images.ts";
import { RunnerFailure } from "../failure.ts";
import type { ImageCommand, ImageOperation, ImageValue } from "../protocol.ts";
import { unreachable } from "../unreachable.ts";
import { buildContext } from "./build-context.ts";
import { placeOf } from "./paths.ts";
import type { SayingWork } from "./work.ts";

/** What image commands are given. `repeated`: an earlier process may have carried this command out and not said so. */
export interface ImageWork extends SayingWork {
  readonly repeated: boolean;
}

/** Carries out an image command with the runner's engine; from the start again when that went away in the middle. */
export async function imageWork(command: ImageCommand, work: ImageWork): Promise<ImageValue> {
  let { repeated } = work;
  const once = async (): Promise<ImageValue> => {
    const value = carryOut(command, { ...work, repeated });
    repeated = true;
    return await value;
  };
  return await acrossOutages(work.context.engine, once, work);
}

async function carryOut(command: ImageCommand, work: ImageWork): Promise<ImageValue> {
  const { operation } = command;
  const { images } = work.context;
  const { say, signal } = work;
  switch (operation.op) {
    case "build":
      return build(operation, command.cwd, work);
    case "tag":
      await images.tag(operation.image, operation.repository, operation.tag);
      return facts(operation.image, null, work);
    case "push": {
      refuseUntrusted(work, "push images");
      const { image, repository, tag } = operation;
      const login = await work.secrets.registryLogin(operation.credential);
      const digest = await images.push(image, {
        repository,
        tag,
        login,
        say,
        signal,
        repeated: work.repeated,
      });
      return facts(image, digest, work);
    }
    case "pull": {
      const login = await work.secrets.registryLogin(operation.credential);
      const pulled = await images.ensure(operation.image, "always", login, say, signal);
      return facts(pulled.id, digestIn(pulled.digests), work);
    }
    case "inspect":
      return facts(operation.image, null, work);
    default:
      return unreachable(operation);
  }
}

async function build(
  operation: Extract<ImageOperation, { op: "build" }>,
  cwd: string,
  work: SayingWork,
): Promise<ImageValue> {
  const dockerfile = path.posix.normalize(operation.dockerfile);
  if (dockerfile.startsWith("../") || path.posix.isAbsolute(dockerfile)) {
    throw new RunnerFailure("path_refused", "file", "the Dockerfile must lie in the build's context");
  }
  const logins: RegistryLogin[] = [];
  for (const credential of operation.credentials) {
    const login = await work.secrets.registryLogin(credential);
    if (login !== null) logins.push(login);
  }
  const context = await buildContext(placeOf(work.slot, cwd, operation.context), dockerfile);
  const id = await work.context.images.build(
    {
      context,
      dockerfile,
      tags: operation.tags,
      buildArgs: operation.buildArgs,
      // Not the labels that our containers carry: a container made from this image would inherit them, and be swept.
      labels: { ...operation.labels, "dev.sluice.build": work.build },
      target: operation.target,
      pull: operation.pull,
      noCache: operation.noCache,
      network: operation.network,
      platform: operation.platform,
      cacheFrom: operation.cacheFrom,
      logins,
    },
    work.say,
    work.signal,
  );
  return facts(id, null, work);
}

async function facts(image: string, digest: string | null, work: SayingWork): Promise<ImageValue> {
  const found = await work.context.images.inspect(image);
  if (found === null)
    throw new RunnerFailure("image_missing", "file", `there is no image ${image} on the runner`);
  return {
    imageId: found.id,
    digest: digest ?? digestIn(found.digests),
    tags: [...found.tags],
    env: found.env,
    labels: found.labels,
  };
}

function digestIn(digests: readonly string[]): string | null {
  const [first] = digests;
  return first === undefined ? null : first.slice(first.indexOf("@") + 1);
}

function refuseUntrusted(work: SayingWork, what: string): void {
  if (work.untrusted) throw new RunnerFailure("refused", "file", `an untrusted build may not ${what}`);
}
