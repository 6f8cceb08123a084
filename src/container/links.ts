import { writeFileSync } from "node:fs";
import type { HostConfig } from "../api/types/container.ts";
import { errorMessage, invalid } from "../lib/errors.ts";
import { describeSandbox } from "../network/sandbox.ts";
import { sandboxOf } from "../network/table.ts";
import type { ContainerContext } from "./context.ts";
import { sharedContainer } from "./network-files.ts";
import { findContainer } from "./lookup.ts";
import { hostsPath } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";
import { runningContainers } from "./table.ts";

/** `HostConfig.Links` (`name:alias`, or inspect's own `/name:/parent/alias`) of the default network, resolved to ids. */
export function resolveLinks(ctx: ContainerContext, host: HostConfig): ContainerRecord["spec"]["links"] {
  const mode = host.NetworkMode ?? "";
  // User-defined networks resolve aliases by their name servers.
  if (mode !== "bridge" && mode !== "default" && mode !== "") return [];
  return (host.Links ?? []).map((link) => {
    const { name, alias } = parseLink(link);
    let target = lookUp(ctx, name);
    for (let donor = sharedContainer(target.spec.hostConfig.NetworkMode); donor !== undefined; donor = sharedContainer(target.spec.hostConfig.NetworkMode)) {
      target = lookUp(ctx, donor);
    }
    if (target.spec.hostConfig.NetworkMode === "host") {
      throw invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
    }
    return { containerId: target.id, alias };
  });
}

export function parseLink(link: string): { name: string; alias: string } {
  if (!link) throw invalid("empty string specified for links");
  const parts = link.split(":");
  if (parts.length > 2) throw invalid(`bad format for links: ${link}`);
  const [name = "", alias = name] = parts;
  return name.startsWith("/") ? { name: name.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) } : { name, alias };
}

function lookUp(ctx: ContainerContext, name: string): ContainerRecord {
  try {
    return findContainer(ctx, name);
  } catch (cause) {
    throw invalid(`could not get container for ${name}: ${errorMessage(cause)}`, cause);
  }
}

/** A container has started, maybe with another address: those that run and link to it learn it from their hosts files. */
export function rewriteLinkedHosts(ctx: ContainerContext, id: string): void {
  for (const c of runningContainers(ctx.store)) {
    if (!c.spec.links.some((link) => link.containerId === id)) continue;
    const sandbox = sandboxOf(ctx.store, c.id);
    if (sandbox) writeFileSync(hostsPath(ctx, c.id), describeSandbox(ctx.networks, sandbox).hosts);
  }
}
