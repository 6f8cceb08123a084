import { notImplemented } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";

/** At boot, after `startNetworks`: removes what a crash left, takes up ports and name service of live containers again. */
export async function reconcileNetworks(_ctx: NetworkContext, _liveContainerIds: Iterable<string>): Promise<void> {
  throw notImplemented("networks");
}
