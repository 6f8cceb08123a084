import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { errorMessage } from "../../lib/errors.ts";
import { withLinks } from "../../network/sandbox/hosts.ts";
import type { HostsEntry } from "../../network/sandbox/request.ts";
import type { ContainerDeps } from "../deps.ts";
import { linkParents } from "../link-table.ts";
import { hostsPath, resolvConfPath } from "../paths.ts";
import { countsAsRunning } from "../record.ts";
import { containerById } from "../table.ts";

/**
 * A container has started, maybe with another address: those that run and link to it learn it from their hosts files.
 */
export function rewriteLinkedHosts(deps: ContainerDeps, id: string): void {
  for (const parent of linkParents(deps.store, id)) renewLinks(deps, parent);
}

/** Brings the lines of a container's links up to date. Does nothing for one that does not run. */
export function renewLinks(deps: ContainerDeps, id: string): void {
  const c = containerById(deps.store, id);
  // A container that is starting gets the whole file written anyway.
  if (!c || !countsAsRunning(c.state)) return;
  try {
    const links = deps.networks.links(id);
    if (links) rewriteHosts(deps, id, (text) => withLinks(text, links.entries));
  } catch (error) {
    deps.log.warn("cannot renew the links in a hosts file", { container: id, error: errorMessage(error) });
  }
}

/** What the engine has in the hosts file of a running container. */
export function hostsEntriesOf(deps: ContainerDeps, id: string): HostsEntry[] {
  return deps.networks.describe(id)?.hostsEntries ?? [];
}

/**
 * Changes the hosts file of a running container, where it lies: the container has this very file mounted, and may have
 * written to it. No moment finds it empty, and on a full disk it stays as it is.
 */
export function rewriteHosts(deps: ContainerDeps, id: string, change: (text: string) => string): void {
  const path = hostsPath(deps, id);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  if (after !== before) overwrite(path, after);
}

/**
 * Changes a file from `before` to `after`; if its content is no longer `before`, the container has changed it and it
 * stays.
 */
export function rewriteResolvConf(deps: ContainerDeps, id: string, before: string | undefined, after: string): void {
  const path = resolvConfPath(deps, id);
  if (before === undefined || readFileSync(path, "utf8") === before) overwrite(path, after);
}

function overwrite(path: string, text: string): void {
  const fd = openSync(path, "r+");
  try {
    ftruncateSync(fd, writeSync(fd, text));
  } finally {
    closeSync(fd);
  }
}
