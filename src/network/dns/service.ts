import { errorMessage } from "../../lib/errors.ts";
import { Netns } from "../../linux/namespace.ts";
import type { NetworkDeps } from "../deps.ts";
import { attachedOf } from "../ports/publish.ts";
import type { SandboxRecord } from "../record.ts";
import { hostResolvConf } from "../sandbox/resolv-conf.ts";
import { hasNameService, netnsPath } from "../sandbox/sandbox.ts";
import { sandboxOf } from "../table.ts";
import { type ExternalServers, forward } from "./forward.ts";
import { lookUp } from "./lookup.ts";
import { encodeAnswer, encodeError, rcode, recordClass } from "./message.ts";
import { type Respond, startNameServer } from "./server.ts";

/** Seconds. Short: a container that comes back may have another address. */
const ttl = 30;
const maxTcpSize = 65_535;

/**
 * Starts or stops the container's name service, as the networks it is on now want it. `again`: after a restart of the
 * daemon.
 */
export function adjustNameService(deps: NetworkDeps, sandbox: SandboxRecord, again: boolean): void {
  const wanted = hasNameService(sandbox, attachedOf(deps, sandbox.containerId));
  const running = deps.live.nameServers.get(sandbox.containerId);
  if (wanted && !running) {
    using netns = new Netns(netnsPath(deps, sandbox.containerId));
    deps.live.nameServers.set(sandbox.containerId, startNameServer(netns, responder(deps, sandbox.containerId), again));
  } else if (!wanted && running) stopNameService(deps, sandbox.containerId);
}

/** Ends the container's name server. Does nothing where it has none. */
export function stopNameService(deps: NetworkDeps, containerId: string): void {
  deps.live.nameServers.get(containerId)?.[Symbol.dispose]();
  deps.live.nameServers.delete(containerId);
}

function responder(deps: NetworkDeps, containerId: string): Respond {
  return (query, bytes, transport) => {
    // Containers have no names in other classes (CHAOS, …), and what servers tell of themselves there is not for
    // containers.
    if (query.class !== recordClass.IN && query.class !== recordClass.ANY) return encodeError(query, rcode.REFUSED);
    try {
      const known = lookUp(deps, containerId, query);
      if (known) return encodeAnswer(query, known, ttl, transport === "udp" ? query.maxUdpSize : maxTcpSize);
    } catch (error) {
      deps.log.warn("name could not be looked up", { name: query.name, error: errorMessage(error) });
      return encodeError(query, rcode.SERVFAIL);
    }
    return forward(netnsPath(deps, containerId), externalServers(deps, containerId), bytes, query, transport);
  };
}

/** The container's own name servers, else the daemon's, else the host's: read anew, they may change under us. */
function externalServers(deps: NetworkDeps, containerId: string): ExternalServers {
  const chosen = sandboxOf(deps.store, containerId)?.dns ?? [];
  const addresses = chosen.length > 0 ? chosen : deps.dns.servers;
  return addresses.length > 0 ? { addresses, ofHost: false } : { addresses: hostResolvConf().servers, ofHost: true };
}
