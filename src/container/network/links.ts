import { normalize } from "node:path/posix";
import type { HostConfig } from "../../api/types/container.ts";
import { errorMessage, internal, invalid } from "../../lib/errors.ts";
import { isDefaultBridge } from "../../network/options.ts";
import { linkEnvironment } from "../../runtime/bundle/link-environment.ts";
import type { ContainerDeps } from "../deps.ts";
import { type LinkRecord, linksOf } from "../link-table.ts";
import { findContainer } from "../lookup.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { containerById } from "../table.ts";
import { sharedContainer } from "./network-files.ts";

/**
 * `HostConfig.Links` (`name:alias`, or inspect's own `/name:/parent/alias`), resolved to ids. Whether a link can be
 * used is checked at start. One without an alias of its own is ignored, as in Docker.
 */
export function resolveLinks(deps: ContainerDeps, host: HostConfig): LinkRecord[] {
  // User-defined networks resolve aliases by their name servers.
  if (!["", "default", "bridge", "none"].includes(host.NetworkMode ?? "")) return [];
  return (host.Links ?? []).flatMap((link) => {
    const { name, alias } = parseLink(link);
    let target = lookUp(deps, name);
    for (
      let donor = sharedContainer(target.spec.hostConfig.NetworkMode);
      donor !== undefined;
      donor = sharedContainer(target.spec.hostConfig.NetworkMode)
    ) {
      target = lookUp(deps, donor);
    }
    if (target.spec.hostConfig.NetworkMode === "host") {
      throw invalid(
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
    const path = normalize(`./${alias}`).replace(/\/$/, "");
    if (path === ".." || path.startsWith("../")) throw invalid(`invalid alias for links: ${alias}`);
    return path === "." ? [] : [{ childId: target.id, alias: path }];
  });
}

function parseLink(link: string): { name: string; alias: string } {
  if (!link) throw invalid("empty string specified for links");
  const parts = link.split(":");
  if (parts.length > 2) throw invalid(`bad format for links: ${link}`);
  const [name = "", alias = name] = parts;
  return name.startsWith("/")
    ? { name: name.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) }
    : { name, alias };
}

function lookUp(deps: ContainerDeps, name: string): ContainerRecord {
  try {
    return findContainer(deps, name);
  } catch (cause) {
    throw invalid(`could not get container for ${name}: ${errorMessage(cause)}`, cause);
  }
}

/**
 * The variables that a container's links give its processes; none while it is off the default bridge. Throws where one
 * of the others does not run, or is off that bridge.
 */
export function linkVariables(deps: ContainerDeps, c: ContainerRecord): string[] {
  if (!isOnBridge(deps, c)) return [];
  return linksOf(deps.store, c.id).flatMap(({ alias, childId, childName }) => {
    const name = `/${c.name}/${alias}`;
    const child = containerById(deps.store, childId);
    if (!child || !countsAsRunning(child.state))
      throw internal(`Cannot link to a non running container: /${childName} AS ${name}`);
    if (!isOnBridge(deps, child)) throw internal(`container ${childId} not attached to default bridge network`);
    const { Env, ExposedPorts } = child.spec.config;
    const address = deps.networks.bridgeAddress(childId);
    return linkEnvironment({ name, address, env: Env ?? [], exposedPorts: Object.keys(ExposedPorts ?? {}) });
  });
}

/** Running or not: the default bridge is among its networks. */
function isOnBridge(deps: ContainerDeps, { spec: { config, endpoints } }: ContainerRecord): boolean {
  if (config.NetworkDisabled) return false;
  return Object.keys(endpoints).some((ref) => {
    const network = deps.networks.find(ref === "default" ? "bridge" : ref);
    return network !== null && isDefaultBridge(network);
  });
}
