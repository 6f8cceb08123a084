import { notFound } from "../lib/errors.ts";
import type { Volume } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { volumeDriver } from "./driver/driver.ts";
import { volumeByName, type VolumeRecord } from "./table.ts";

/** Throws Docker's `get x: no such volume`. */
export function getVolume(ctx: VolumeContext, name: string): VolumeRecord {
  const volume = volumeByName(ctx.store, name);
  if (!volume) throw notFound(`get ${name}: no such volume`);
  return volume;
}

/** The wire shape, without usage. */
export function describeVolume(ctx: VolumeContext, volume: VolumeRecord): Volume {
  const driver = volumeDriver(ctx, volume.driver);
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: driver.path(volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: driver.scope,
  };
}
