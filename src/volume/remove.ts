import { conflict, EngineError, errorKind, errorMessage, isNotFound } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { copiers, deleteVolume, referrers } from "./table.ts";

/** How strictly to look before a volume is deleted. */
export interface RemoveVolumeOptions {
  /** A missing volume is no error. */
  force?: boolean;
  /** The container that is being removed with it: its own reference is none. */
  withContainer?: string;
}

/** A volume that a container refers to is a conflict. */
export async function removeVolume(
  deps: VolumeDeps,
  name: string,
  { force = false, withContainer }: RemoveVolumeOptions = {},
): Promise<void> {
  using _ = await deps.locks.acquire(name);
  let volume;
  try {
    volume = getVolume(deps, name);
  } catch (error) {
    if (force && isNotFound(error)) return;
    throw error;
  }
  const users = [...referrers(deps.store, name).filter((id) => id !== withContainer), ...copiers(deps.store, name)];
  if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(", ")}]`);
  try {
    await volumeDriver(deps, volume.driver).remove(name, volume.options ?? {});
  } catch (cause) {
    throw new EngineError(errorKind(cause), `remove ${name}: ${errorMessage(cause)}`, { cause });
  }
  deleteVolume(deps.store, name);
  deps.events.publish("volume", "destroy", { ID: name, Attributes: { driver: volume.driver } });
}
