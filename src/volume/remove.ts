import { conflict, EngineError, errorKind, errorMessage, isNotFound } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { deleteVolume, referrers } from "./table.ts";

/** `force` makes a missing volume no error. A volume that a container refers to is a conflict either way. */
export async function removeVolume(ctx: VolumeContext, name: string, { force = false }: { force?: boolean } = {}): Promise<void> {
  using _ = await ctx.locks.acquire(name);
  let volume;
  try {
    volume = getVolume(ctx, name);
  } catch (error) {
    if (force && isNotFound(error)) return;
    throw error;
  }
  const users = referrers(ctx.store, name);
  if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(", ")}]`);
  try {
    await volumeDriver(ctx, volume.driver).remove(name, volume.options);
  } catch (cause) {
    throw new EngineError(errorKind(cause), `remove ${name}: ${errorMessage(cause)}`, { cause });
  }
  deleteVolume(ctx.store, name);
  ctx.events.publish("volume", "destroy", { ID: name, Attributes: { driver: volume.driver } });
}
