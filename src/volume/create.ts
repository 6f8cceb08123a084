import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { conflict, EngineError, errorMessage } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import type { VolumeContext } from "./context.ts";
import { describeVolume } from "./describe.ts";
import { defaultDriver, volumeDriver } from "./driver/driver.ts";
import { deleteVolume, insertReference, insertVolume, volumeByName, type VolumeRecord } from "./table.ts";

/** The label that marks a volume nobody named: prune takes those alone unless told otherwise. */
export const anonymousLabel = "com.docker.volume.anonymous";

export interface CreateVolumeOptions {
  /** Its name was made up, not chosen by a user. True where the request has none. */
  anonymous?: boolean;
  /** The container it is made for; with it the volume cannot be pruned away before the container has it. */
  usedBy?: { containerId: string; destination: string };
}

/** Makes a volume, or hands back the one of that name (labels and options are then ignored, as Docker does). */
export async function createVolume(ctx: VolumeContext, request: VolumeCreateRequest, { usedBy, anonymous = !request.Name }: CreateVolumeOptions = {}): Promise<Volume> {
  const name = request.Name || newId();
  const options = request.DriverOpts ?? {};
  using _ = await ctx.locks.acquire(name);
  try {
    const found = volumeByName(ctx.store, name);
    if (found) {
      if (request.Driver && request.Driver !== found.driver) {
        throw conflict(`driver '${found.driver}' already has volume '${name}': volume name must be unique`);
      }
      if (usedBy) insertReference(ctx.store, name, usedBy.containerId, usedBy.destination);
      return describeVolume(ctx, found);
    }

    const driver = volumeDriver(ctx, request.Driver ?? "");
    driver.validate(name, options);
    const volume: VolumeRecord = {
      name,
      driver: request.Driver || defaultDriver,
      created: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      anonymous,
      labels: { ...request.Labels, ...(anonymous && { [anonymousLabel]: "" }) },
      options,
    };
    ctx.store.transaction(() => {
      insertVolume(ctx.store, volume);
      if (usedBy) insertReference(ctx.store, name, usedBy.containerId, usedBy.destination);
    })();
    try {
      await driver.create(name, options);
    } catch (error) {
      deleteVolume(ctx.store, name);
      throw error;
    }
    ctx.events.publish("volume", "create", { ID: name, Attributes: { driver: volume.driver } });
    return describeVolume(ctx, volume);
  } catch (error) {
    throw error instanceof EngineError ? new EngineError(error.kind, `create ${name}: ${error.message}`, { cause: error }) : new EngineError("internal", `create ${name}: ${errorMessage(error)}`, { cause: error });
  }
}
