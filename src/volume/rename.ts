import { conflict, errorMessage, invalid } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { referrers, unfinishedRenames, updateRenamingTo, updateVolumeName, volumeByName } from "./table.ts";

/** Gives a volume that no container refers to another name; its data moves along. */
export async function renameVolume(ctx: VolumeContext, name: string, newName: string): Promise<void> {
  if (name === newName) throw invalid("Renaming a volume with the same name as its current name");
  // In one order always, so that two renames cannot wait for each other.
  const [first = name, second = newName] = [name, newName].sort();
  using _first = await ctx.locks.acquire(first);
  using _second = await ctx.locks.acquire(second);
  const volume = getVolume(ctx, name);
  const driver = volumeDriver(ctx, volume.driver);
  driver.validate(newName, volume.options);
  if (volumeByName(ctx.store, newName)) throw conflict(`rename ${name}: volume name ${newName} is already in use`);
  const users = referrers(ctx.store, name);
  if (users.length > 0) throw conflict(`rename ${name}: volume is in use - [${users.join(", ")}]`);
  updateRenamingTo(ctx.store, name, newName);
  try {
    await driver.rename(name, newName);
  } catch (error) {
    updateRenamingTo(ctx.store, name, null);
    throw error;
  }
  updateVolumeName(ctx.store, name, newName);
}

/** At boot: what a crash cut off, before anything looks for the data. */
export async function finishRenames(ctx: VolumeContext): Promise<void> {
  for (const { name, newName } of unfinishedRenames(ctx.store)) {
    try {
      await volumeDriver(ctx, getVolume(ctx, name).driver).rename(name, newName);
      updateVolumeName(ctx.store, name, newName);
    } catch (error) {
      ctx.log.error("cannot finish renaming a volume", { volume: name, newName, error: errorMessage(error) });
    }
  }
}
