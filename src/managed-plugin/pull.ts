import type { ProgressEvent } from "../api/progress.ts";
import type { PluginPrivilege } from "../api/types/plugin.ts";
import { Lease } from "../image/collect/lease.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { errorMessage, internal } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { newId } from "../lib/ids.ts";
import { familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import { requireFree } from "./create.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { publishPluginEvent } from "./events.ts";
import { fetchPlugin } from "./fetch.ts";
import { privilegesOf } from "./privileges.ts";
import { remoteReference, withRemotePlugin } from "./remote.ts";
import { initialSettings } from "./settings.ts";
import { insertPlugin } from "./table.ts";

/** What `docker plugin install` asks for, after the user has granted what the plugin wants. */
export interface PluginPullRequest {
  /** Reference in a registry. */
  remote: string;
  /** What it is to be called here; empty: the same. */
  name: string;
  privileges: readonly PluginPrivilege[];
  auth?: RegistryCredentials;
  signal: AbortSignal;
}

/** Brings a plugin from its registry, not yet enabled, and tells how it goes. */
export function pullPlugin(deps: ManagedPluginDeps, request: PluginPullRequest): AsyncGenerator<ProgressEvent> {
  const ref = remoteReference(request.remote);
  const name = localName(request);
  requireFree(deps, name);
  return told<ProgressEvent>(async (tell, signal) => {
    using _ = await deps.locks.acquire(`name ${name}`);
    requireFree(deps, name);
    const id = newId();
    await using lease = new Lease(deps.images);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => deps.images.archiver.remove(deps.paths.own(id)));
    const { privileges, auth } = request;
    const fetched = await fetchPlugin(deps, { id, ref, privileges, auth, lease, tell, signal });
    const remote = familiarString(ref);
    insertPlugin(deps.store, {
      ...{ id, name, remote, phase: "disabled", timeout: 0 },
      ...fetched,
      settings: initialSettings(fetched.config),
    });
    undo.move();
    publishPluginEvent(deps, "pull", remote, name);
  }, request.signal);
}

/** What the plugin is to be called here: the name asked for, or that of its reference. */
export function localName({ remote, name }: Pick<PluginPullRequest, "remote" | "name">): string {
  if (name === "") {
    const { domain, path, tag } = remoteReference(remote);
    return familiarString(withDefaultTag({ domain, path, ...(tag !== undefined && { tag }) }));
  }
  try {
    const local = parseReference(name);
    if (local.digest !== undefined) throw internal("cannot use digest in plugin tag");
    return familiarString(withDefaultTag(local));
  } catch (error) {
    throw internal(errorMessage(error), error);
  }
}

/** What the plugin in a registry wants to be allowed. */
export function remotePrivileges(
  deps: ManagedPluginDeps,
  remote: string,
  auth: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<PluginPrivilege[]> {
  return withRemotePlugin(deps, remoteReference(remote), auth, signal, async ({ config }) => privilegesOf(config));
}
