import type { Volume } from "../api/types/volume.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume, noSuchVolume } from "./describe.ts";
import { findInPlugins, recordOf } from "./find.ts";
import { getFromPlugin, isPluginDriver } from "./plugin-mount.ts";
import { volumeByName } from "./table.ts";

/**
 * A volume as `GET /volumes/{name}` answers it; one of a plugin with what that says of it now. Throws `not-found`, also
 * where the plugin has it no more.
 */
export async function inspectVolume(deps: VolumeDeps, name: string): Promise<Volume> {
  const volume = volumeByName(deps.store, name);
  if (!volume) {
    const found = await findInPlugins(deps, name);
    if (!found) throw noSuchVolume(name);
    return await describeVolume(deps, recordOf(found), found.facts);
  }
  if (deps.drivers.builtin.has(volume.driver)) return await describeVolume(deps, volume);
  const driver = await deps.drivers.find(volume.driver);
  const facts = isPluginDriver(driver) ? await getFromPlugin(driver, name) : null;
  if (!facts) throw noSuchVolume(name);
  return await describeVolume(deps, volume, facts);
}
