import type { NetworkContext } from "./context.ts";
import { ignoring } from "./interface.ts";
import { findLink } from "../linux/netlink/find-link.ts";
import { deleteLink } from "../linux/netlink/link.ts";

const graceMs = 1000;

/**
 * A link that should have gone with its namespace. Mostly the kernel sees to it within some ten milliseconds; but
 * whoever still has the namespace open (a process of the user's, a thread that the runtime happened to start while this
 * one was inside) keeps it, and then it is deleted by hand.
 */
export function expectGone(ctx: NetworkContext, name: string): void {
  const { lingering } = ctx.live;
  lingering.names.add(name);
  if (lingering.timer) return;
  lingering.timer = setTimeout(() => sweepLingering(ctx), graceMs);
  lingering.timer.unref();
}

/** Deletes at once what is still there. */
export function sweepLingering(ctx: NetworkContext): void {
  const { lingering } = ctx.live;
  const names = [...lingering.names];
  lingering.names.clear();
  if (lingering.timer) clearTimeout(lingering.timer);
  lingering.timer = null;
  for (const name of names) {
    const link = findLink(ctx.live.route, name);
    if (!link || link.up) continue;
    ctx.log.debug("link outlived its container", { link: name });
    ignoring(["ENODEV"], () => ctx.live.route.request([deleteLink({ index: link.index })], `delete ${name}`));
  }
}
