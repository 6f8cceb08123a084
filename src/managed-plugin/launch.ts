import { existsSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { dialSocket } from "../lib/http/socket.ts";
import { kindsOf } from "./capability.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { hostPath } from "./host-path.ts";
import { dropLog, PluginLog, pluginLogFile, pluginLogLimits } from "./log.ts";
import { preparePropagated, releasePropagated } from "./propagated-mount.ts";
import type { PluginRecord } from "./record.ts";
import { pluginSpec } from "./spec.ts";

/** Milliseconds for a plugin to make its socket. */
const patience = 12_500;

/** Begins a plugin's process. Nothing of it is left where that fails. */
export async function launch(deps: ManagedPluginDeps, plugin: PluginRecord): Promise<void> {
  const { id } = plugin;
  const { paths, runtime } = deps;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => cleanUp(deps, id));
  await cleanUp(deps, id);
  mkdirSync(paths.sockets(id), { recursive: true, mode: 0o700 });
  preparePropagated(deps, id);
  const live = deps.live.of(id);
  live.ended = Promise.withResolvers();
  live.begun = Date.now();
  live.log = new PluginLog(paths.logs(id), id, deps.log);
  await runtime.create({
    ...{ id, runtime: "", tty: false, openStdin: false, stdinOnce: false },
    spec: await pluginSpec(deps, plugin),
    logPath: pluginLogFile(paths.logs(id)),
    logLimits: pluginLogLimits,
  });
  await runtime.start(id);
  undo.move();
}

/** Takes away all that a life of a plugin has on the machine, and tells what it wrote last. Idempotent. */
export async function cleanUp(deps: ManagedPluginDeps, id: string): Promise<void> {
  await deps.runtime.delete(id);
  releasePropagated(deps, id);
  rmSync(deps.paths.sockets(id), { recursive: true, force: true });
  const live = deps.live.get(id);
  await live?.log?.end();
  if (live) live.log = null;
  dropLog(deps.paths.logs(id));
}

/** Resolves when somebody listens at a plugin's socket. Throws Docker's words where nobody does. */
export async function awaitSocket(deps: ManagedPluginDeps, plugin: PluginRecord): Promise<void> {
  const path = socketOf(deps, plugin);
  const end = Date.now() + patience;
  for (;;) {
    try {
      // A link would lead to whoever listens elsewhere on this machine.
      if (!lstatSync(path).isSocket()) throw internal(`${path} is no socket`);
      (await dialSocket({ unix: path })).close();
      return;
    } catch (cause) {
      if (Date.now() < end && deps.runtime.isAlive(plugin.id)) {
        await Bun.sleep(20);
        continue;
      }
      const why = existsSync(path) ? "connection refused" : "no such file or directory";
      throw internal(`dial unix ${path}: connect: ${why}`, cause);
    }
  }
}

/** Makes a plugin known to whoever uses plugins. */
export function takeUp(deps: ManagedPluginDeps, plugin: PluginRecord): void {
  const live = deps.live.of(plugin.id);
  live.endpoint?.[Symbol.dispose]();
  live.endpoint = deps.endpoints.register({
    name: plugin.name,
    implements: kindsOf(plugin.config.Interface.Types ?? []),
    socket: socketOf(deps, plugin),
    hostPath: (path) => hostPath(deps.paths, plugin, path),
  });
}

function socketOf({ paths }: ManagedPluginDeps, { id, config }: PluginRecord): string {
  return join(paths.sockets(id), config.Interface.Socket);
}
