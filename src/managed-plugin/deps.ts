import type { EventBus } from "../api/events.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { HostFacts } from "../runtime/bundle/types.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Store } from "../store/store.ts";
import type { LivePlugins } from "./live.ts";
import type { PluginPaths } from "./paths.ts";

/** What the verbs of `managed-plugin/` need. Plain data, put together by daemon/wire.ts. */
export interface ManagedPluginDeps {
  store: Store;
  images: ImageDeps;
  /** Registries. */
  remote: RemoteDeps;
  /** One of their own: no verb of containers ever sees a plugin's task. */
  runtime: Runtime;
  facts: HostFacts;
  events: EventBus;
  log: Logger;
  paths: PluginPaths;
  /** By plugin id, and by name while one is being made. */
  locks: KeyedLock;
  live: LivePlugins;
  /** Where those that run are made known to whoever uses plugins. */
  endpoints: Endpoints;
  users: PluginUsers;
}

/** Takes up plugins that run. Disposing of what is returned takes one away again. */
export interface Endpoints {
  register(plugin: {
    name: string;
    implements: readonly string[];
    socket: string;
    hostPath(path: string): string;
  }): Disposable;
}

/** Who uses plugins: asked by this folder, answered from the database by whoever puts the parts together. */
export interface PluginUsers {
  /** Whether a volume, a network, or something else that needs it names the plugin (its whole name) as its driver. */
  uses(name: string): boolean;
}
