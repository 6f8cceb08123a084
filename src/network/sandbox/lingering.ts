import { findLink } from "../../linux/netlink/find-link.ts";
import { deleteLink } from "../../linux/netlink/link.ts";
import type { DriverDeps } from "../driver/driver.ts";
import { ignoringGone } from "../driver/withdraw.ts";

const graceMs = 1000;

/**
 * A link that should be deleted with its namespace. Mostly the kernel does that within some ten milliseconds. But if
 * anything still has the namespace open (a user's process, or a thread that the runtime started while this one was
 * inside), the link stays and is deleted here.
 */
export function expectGone(deps: DriverDeps, name: string): void {
  const { lingering } = deps.live;
  lingering.names.add(name);
  if (lingering.timer) return;
  lingering.timer = setTimeout(() => sweepLingering(deps), graceMs);
  lingering.timer.unref();
}

/** Deletes at once what is still there. */
export function sweepLingering(deps: DriverDeps): void {
  const { lingering } = deps.live;
  const names = [...lingering.names];
  lingering.names.clear();
  if (lingering.timer) clearTimeout(lingering.timer);
  lingering.timer = null;
  for (const name of names) {
    const link = findLink(deps.live.route, name);
    if (!link || link.up) continue;
    deps.log.debug("link outlived its container", { link: name });
    ignoringGone(() => deps.live.route.request([deleteLink({ index: link.index })], `delete ${name}`));
  }
}
