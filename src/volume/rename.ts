import { conflict, invalid } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { referrers, updateVolumeName, volumeByName } from "./table.ts";

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
  await driver.rename(name, newName);
  updateVolumeName(ctx.store, name, newName);
}
