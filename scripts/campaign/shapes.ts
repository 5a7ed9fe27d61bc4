import type { Shape } from "./shape.ts";
import { matrix, parallel } from "./shapes/branches.ts";
import { cancelled, failing, retried, sleeping, timedOut } from "./shapes/ends.ts";
import { gate } from "./shapes/gates.ts";
import { image, release } from "./shapes/images.ts";
import { logs } from "./shapes/logs.ts";
import { plain } from "./shapes/plain.ts";

/** All kinds of builds that a campaign makes. */
export const SHAPES: readonly Shape[] = [
  plain,
  parallel,
  matrix,
  image,
  release,
  gate,
  logs,
  cancelled,
  retried,
  timedOut,
  failing,
  sleeping,
];
