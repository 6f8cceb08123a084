import { join } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { readMounts } from "../linux/mountinfo.ts";
import { removeTree } from "../linux/remove.ts";
import { unmountAll } from "../linux/unmount.ts";
import type { BuilderDeps } from "./deps.ts";

/**
 * At boot, once nothing of the process before runs any more: what its builds left in the exec root (secrets among it)
 * and as scratch files goes. Layers and the cache are the image store's business.
 */
export function reconcileBuilds(deps: BuilderDeps): void {
  const builds = join(deps.execRoot, "builds");
  for (const { target } of readMounts()
    .filter((mount) => mount.target.startsWith(`${builds}/`))
    .reverse())
    quietly(deps, target, () => unmountAll(target));
  for (const name of namesIn(builds)) quietly(deps, name, () => removeTree(join(builds, name)));
  // The image store has a folder there, which it empties itself.
  for (const name of namesIn(deps.tmp).filter((each) => each !== "images"))
    quietly(deps, name, () => removeTree(join(deps.tmp, name)));
}

function quietly(deps: BuilderDeps, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    deps.log.warn("cannot clear away what a build left", { what, error: errorMessage(error) });
  }
}
