import { errorMessage } from "../../lib/errors.ts";
import { Netns } from "../../linux/namespace.ts";
import type { NetworkContext } from "../context.ts";
import { attachedOf } from "../publish.ts";
import type { SandboxRecord } from "../record.ts";
import { hostResolvConf, mergeResolvConf } from "../resolv-conf.ts";
import { hasNameService, netnsPath } from "../sandbox.ts";
import { sandboxOf } from "../table.ts";
import { forward } from "./forward.ts";
import { lookUp } from "./lookup.ts";
import { encodeAnswer, rcode, encodeError } from "./message.ts";
import { startNameServer, type Respond } from "./server.ts";

/** Seconds. Short: a container that comes back may have another address. */
const ttl = 30;

/** Starts or stops the container's name service, as the networks it is on now want it. `again`: after a restart of the daemon. */
export function adjustNameService(ctx: NetworkContext, sandbox: SandboxRecord, again: boolean): void {
  const wanted = hasNameService(sandbox, attachedOf(ctx, sandbox.containerId));
  const running = ctx.live.nameServers.get(sandbox.containerId);
  if (wanted && !running) {
    using netns = new Netns(netnsPath(ctx, sandbox.containerId));
    ctx.live.nameServers.set(sandbox.containerId, startNameServer(netns, responder(ctx, sandbox.containerId), again));
  } else if (!wanted && running) stopNameService(ctx, sandbox.containerId);
}

export function stopNameService(ctx: NetworkContext, containerId: string): void {
  ctx.live.nameServers.get(containerId)?.[Symbol.dispose]();
  ctx.live.nameServers.delete(containerId);
}

function responder(ctx: NetworkContext, containerId: string): Respond {
  return (query, bytes, transport) => {
    try {
      const known = lookUp(ctx, containerId, query);
      if (known) return encodeAnswer(query, known, ttl);
    } catch (error) {
      ctx.log.warn("name could not be looked up", { name: query.name, error: errorMessage(error) });
      return encodeError(query, rcode.SERVFAIL);
    }
    return forward(netnsPath(ctx, containerId), externalServers(ctx, containerId), bytes, query, transport);
  };
}

/** The container's own name servers, else the daemon's, else the host's: read anew, they may change under us. */
function externalServers(ctx: NetworkContext, containerId: string): string[] {
  const sandbox = sandboxOf(ctx.store, containerId);
  const chosen = mergeResolvConf({ servers: sandbox?.dns ?? [], search: [], options: [] }, ctx.dns);
  return mergeResolvConf(chosen, hostResolvConf()).servers;
}
