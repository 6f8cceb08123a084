import { notImplemented } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";

/** Removes all that {@link setUpSandbox} made, also after a crash half way. Nothing there: does nothing. */
export async function tearDownSandbox(_ctx: NetworkContext, _containerId: string): Promise<void> {
  throw notImplemented("networks");
}
