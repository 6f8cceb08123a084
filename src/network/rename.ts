import type { NetworkContext } from "./context.ts";
import { dnsNames } from "./endpoint.ts";
import { endpointsOfContainer, sandboxOf, saveSandbox, updateEndpoint } from "./table.ts";

/** A running container has another name: networks show it and their name services answer to it. Not running: does nothing. */
export function renameSandbox(ctx: NetworkContext, containerId: string, name: string): void {
  ctx.store.transaction(() => {
    const sandbox = sandboxOf(ctx.store, containerId);
    if (!sandbox) return;
    const renamed = { ...sandbox, name };
    saveSandbox(ctx.store, renamed);
    for (const endpoint of endpointsOfContainer(ctx.store, containerId)) {
      if (endpoint.names.length > 0) updateEndpoint(ctx.store, { ...endpoint, names: dnsNames(renamed, endpoint.settings) });
    }
  })();
}
