import { errorMessage, internal, invalid } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { field, fieldsOf, isFields, listOf, textOf } from "../../plugin/answer.ts";
import { type CallOptions, NoAnswer } from "../../plugin/client.ts";
import type { Plugin } from "../../plugin/plugin.ts";
import type { PluginVolumes, VolumeDriver, VolumeFacts, VolumeOptions } from "./driver.ts";

/** Milliseconds for a call. Making and mounting may take what is on the network its time. */
const limit = 60_000;
const longLimit = 120_000;
/** For questions to all plugins at once: one that is slow or away must not hold up the others. */
export const quick: CallOptions = { limit: 10_000, once: true };

/**
 * The volumes of a plugin (`VolumeDriver.*`). `certain`: it said what it can; otherwise it is taken to be of this
 * machine alone, and to be asked again.
 */
export async function pluginVolumeDriver(
  plugin: Plugin,
  log: Logger,
  how: CallOptions = { limit },
): Promise<{ driver: VolumeDriver; certain: boolean }> {
  const { scope, certain } = await askScope(plugin, log, how);
  const { name } = plugin;
  const volumes = pluginVolumes(plugin);
  const unable = (what: string) => invalid(`the volume driver ${name} is a plugin: it cannot ${what}`);
  const driver: VolumeDriver = {
    name,
    plugin: volumes,
    scope,
    labelled: false,
    limitsSize: false,
    prunable: () => false,
    size: async () => null,
    validate: async () => {},
    async create(volume, options) {
      await ask(plugin, "Create", { Name: volume, Opts: optionsOf(options) }, { limit: longLimit });
    },
    path: async (volume) => (await volumes.get(volume))?.mountpoint ?? "",
    async mount(volume, _options, callerId) {
      const answer = await ask(plugin, "Mount", { Name: volume, ID: callerId }, { limit: longLimit });
      const path = textOf(answer, "Mountpoint");
      // An empty or a relative one would be a place in the runtime's own folder.
      if (!path.startsWith("/")) throw internal(`the plugin gave no absolute mount point: ${JSON.stringify(path)}`);
      return plugin.hostPath(path);
    },
    async unmount(volume, _options, callerId) {
      await ask(plugin, "Unmount", { Name: volume, ID: callerId ?? "" }, { limit });
    },
    async remove(volume) {
      await ask(plugin, "Remove", { Name: volume }, { limit });
    },
    receive: () => Promise.reject(unable("take data in")),
    adopt: () => Promise.reject(unable("take data in")),
    dropReceived: async () => {},
    rename: () => Promise.reject(unable("rename volumes")),
  };
  return { driver, certain };
}

function pluginVolumes(plugin: Plugin): PluginVolumes {
  return {
    async get(name, how = { limit }) {
      try {
        const volume = fieldsOf(await ask(plugin, "Get", { Name: name }, how), "Volume");
        return volume && textOf(volume, "Name") !== "" ? factsOf(volume) : null;
      } catch (error) {
        // Whatever it answers instead: it has no such volume.
        if (error instanceof NoAnswer) throw error;
        return null;
      }
    },
    async list(how = { limit }) {
      return listOf(await ask(plugin, "List", {}, how), "Volumes").map(factsOf);
    },
    hostPath: (path) => plugin.hostPath(path),
  };
}

async function askScope(
  plugin: Plugin,
  log: Logger,
  how: CallOptions,
): Promise<{ scope: "local" | "global"; certain: boolean }> {
  try {
    const answer = await plugin.call("VolumeDriver.Capabilities", {}, how);
    const scope = textOf(fieldsOf(answer, "Capabilities"), "Scope").toLowerCase();
    if (scope === "local" || scope === "global") return { scope, certain: true };
    if (scope !== "") log.warn("Volume driver returned an invalid scope", { driver: plugin.name, scope });
    return { scope: "local", certain: true };
  } catch (error) {
    log.warn("Volume driver capabilities request failed, assuming local scope", {
      driver: plugin.name,
      error: errorMessage(error),
    });
    return { scope: "local", certain: false };
  }
}

async function ask(plugin: Plugin, verb: string, body: Record<string, unknown>, how: CallOptions): Promise<unknown> {
  const answer = await plugin.call(`VolumeDriver.${verb}`, body, how);
  const complaint = textOf(answer, "Err");
  if (complaint) throw internal(complaint);
  return answer;
}

/** As Go's maps are written: by key; none at all as null. */
function optionsOf(options: VolumeOptions): VolumeOptions | null {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length > 0 ? Object.fromEntries(sorted) : null;
}

function factsOf(volume: unknown): VolumeFacts {
  const status = field(volume, "Status");
  return {
    name: textOf(volume, "Name"),
    mountpoint: textOf(volume, "Mountpoint"),
    created: textOf(volume, "CreatedAt"),
    status: isFields(status) ? Object.fromEntries(Object.entries(status).sort(([a], [b]) => (a < b ? -1 : 1))) : null,
  };
}
