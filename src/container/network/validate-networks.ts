import type { EndpointSettings } from "../../api/types/network.ts";
import { EngineError, invalid } from "../../lib/errors.ts";
import type { NetworkCapabilities } from "../../network/driver/driver.ts";
import type { ContainerDeps } from "../deps.ts";

/**
 * Refuses, in Docker's words, endpoints that no start could give. Networks that are not there yet are the start's
 * affair. Clients in Go read every address of a list, and fail on the first that is none: such a container must not
 * come to be.
 */
export function validateNetworks(deps: ContainerDeps, mode: string, endpoints: Record<string, EndpointSettings>): void {
  const given: Given[] = [];
  for (const [name, settings] of Object.entries(endpoints)) {
    const network = deps.networks.find(name);
    if (!network) continue;
    given.push(deps.networks.gives(network));
    try {
      deps.networks.validateEndpoint(network, settings);
    } catch (error) {
      throw error instanceof EngineError
        ? invalid(`invalid config for network ${name}: ${error.message}`, error)
        : error;
    }
  }
  refuseMixtures(mode, given);
}

type Given = NetworkCapabilities["gives"];

/** The host's network and none are not to be had beside others. */
function refuseMixtures(mode: string, given: readonly Given[]): void {
  if (mode === "host" && given.some((gives) => gives !== "host")) {
    throw invalid(
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  if (mode !== "host" && given.some((gives) => gives === "host")) {
    throw invalid("cannot connect container to host network - container must be created in host network mode");
  }
  if (given.length > 1 && given.some((gives) => gives === "nothing")) {
    throw invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}
