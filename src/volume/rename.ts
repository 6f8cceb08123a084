import { conflict, errorMessage, invalid } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { getVolume } from "./describe.ts";
import { copiers, referrers, unfinishedRenames, updateRenamingTo, updateVolumeName, volumeByName } from "./table.ts";

/** Gives a volume that no container refers to another name; its data moves along. */
export async function renameVolume(deps: VolumeDeps, name: string, newName: string): Promise<void> {
  if (newName === "") throw invalid("the volume needs a new name");
  if (name === newName) throw invalid("Renaming a volume with the same name as its current name");
  // In one order always, so that two renames cannot wait for each other.
  const [first = name, second = newName] = [name, newName].sort();
  using _first = await deps.locks.acquire(first);
  using _second = await deps.locks.acquire(second);
  const volume = getVolume(deps, name);
  const driver = await deps.drivers.find(volume.driver);
  await driver.validate(newName, volume.options ?? {});
  if (volumeByName(deps.store, newName)) throw conflict(`rename ${name}: volume name ${newName} is already in use`);
  const users = [...referrers(deps.store, name), ...copiers(deps.store, name)];
  if (users.length > 0) throw conflict(`rename ${name}: volume is in use - [${users.join(", ")}]`);
  updateRenamingTo(deps.store, name, newName);
  try {
    await driver.rename(name, newName);
  } catch (error) {
    updateRenamingTo(deps.store, name, null);
    throw error;
  }
  updateVolumeName(deps.store, name, newName);
  deps.events.publish("volume", "rename", { ID: newName, Attributes: { driver: volume.driver, oldName: name } });
}

/** At boot: what a crash cut off, before anything looks for the data. */
export async function finishRenames(deps: VolumeDeps): Promise<void> {
  for (const { name, newName } of unfinishedRenames(deps.store)) {
    try {
      const driver = await deps.drivers.find(getVolume(deps, name).driver);
      await driver.rename(name, newName);
      updateVolumeName(deps.store, name, newName);
    } catch (error) {
      deps.log.error("cannot finish renaming a volume", { volume: name, newName, error: errorMessage(error) });
    }
  }
}
