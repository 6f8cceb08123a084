import type { NetworkDeps } from "./deps.ts";
import { dnsNames } from "./endpoint/endpoint.ts";
import { endpointsOfContainer, sandboxOf, saveSandbox, updateEndpoint } from "./table.ts";

/**
 * A container got another name: networks show it and their name services answer to it. Does nothing where it does not
 * run.
 */
export function renameSandbox(deps: NetworkDeps, containerId: string, name: string): void {
  deps.store.transaction(() => {
    const sandbox = sandboxOf(deps.store, containerId);
    if (!sandbox) return;
    const renamed = { ...sandbox, name };
    saveSandbox(deps.store, renamed);
    for (const endpoint of endpointsOfContainer(deps.store, containerId)) {
      if (endpoint.names.length > 0)
        updateEndpoint(deps.store, { ...endpoint, names: dnsNames(renamed, endpoint.settings) });
    }
  })();
}
