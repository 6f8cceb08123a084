import type { ProgressEvent } from "../api/progress.ts";
import { Lease } from "../image/collect/lease.ts";
import { conflict } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { familiarString } from "../oci/reference.ts";
import { collectPluginBlobs } from "./collect.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { publishPluginEvent } from "./events.ts";
import { fetchPlugin } from "./fetch.ts";
import { findPlugin, wholeName } from "./lookup.ts";
import { sweepRootfs } from "./own-directory.ts";
import type { PluginPullRequest } from "./pull.ts";
import type { PluginRecord } from "./record.ts";
import { remoteReference } from "./remote.ts";
import { carriedOver } from "./settings.ts";
import { replacePlugin } from "./table.ts";

/**
 * `docker plugin upgrade`: exchanges a disabled plugin for what a registry has, under the same id and name and with
 * what was set. Until all of it is here the plugin is what it was.
 */
export function upgradePlugin(
  deps: ManagedPluginDeps,
  name: string,
  { remote, privileges, auth, signal: outer }: Omit<PluginPullRequest, "name">,
): AsyncGenerator<ProgressEvent> {
  const ref = remoteReference(remote);
  const { id } = requireDisabled(deps, name);
  return told<ProgressEvent>(async (tell, signal) => {
    using _ = await deps.locks.acquire(id);
    const before = requireDisabled(deps, id);
    await using lease = new Lease(deps.images);
    try {
      const fetched = await fetchPlugin(deps, { id, ref, privileges, auth, lease, tell, signal });
      replacePlugin(deps.store, {
        ...before,
        ...fetched,
        remote: familiarString(ref),
        settings: carriedOver(fetched.config, before.settings),
      });
    } finally {
      // Of the old root filesystem and the new one the row names what stays.
      await sweepRootfs(deps, findPlugin(deps, id));
    }
    await collectPluginBlobs(deps, before.blobs);
    publishPluginEvent(deps, "pull", familiarString(ref), before.name);
  }, outer);
}

function requireDisabled(deps: ManagedPluginDeps, ref: string): PluginRecord {
  const plugin = findPlugin(deps, wholeName(ref) ?? ref);
  if (plugin.phase !== "disabled")
    throw conflict(`plugin must be disabled before upgrading: plugin ${plugin.name} is enabled`);
  return plugin;
}
