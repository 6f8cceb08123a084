import { join } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { readMounts } from "../linux/mount-table.ts";
import { removeTree } from "../linux/remove.ts";
import { unmountAll } from "../linux/unmount.ts";
import type { BuildContext } from "./context.ts";

/**
 * At boot, once nothing of the process before runs any more: what its builds left in the exec root (secrets among it)
 * and as scratch files goes. Layers and the cache are the image store's business.
 */
export function reconcileBuilds(ctx: BuildContext): void {
  const builds = join(ctx.execRoot, "builds");
  for (const { target } of readMounts().filter((mount) => mount.target.startsWith(`${builds}/`)).reverse()) quietly(ctx, target, () => unmountAll(target));
  for (const name of namesIn(builds)) quietly(ctx, name, () => removeTree(join(builds, name)));
  for (const name of namesIn(ctx.tmp).filter((each) => /^(context|git)-/.test(each))) quietly(ctx, name, () => removeTree(join(ctx.tmp, name)));
}

function quietly(ctx: BuildContext, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    ctx.log.warn("cannot clear away what a build left", { what, error: errorMessage(error) });
  }
}
