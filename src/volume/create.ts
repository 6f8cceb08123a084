import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { conflict, EngineError, errorMessage } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { deleteVolume, insertReference, insertVolume, type VolumeRecord, volumeByName } from "./table.ts";

/** The label that marks a volume nobody named: prune takes those alone unless told otherwise. */
export const anonymousLabel = "com.docker.volume.anonymous";

/** What a request to make a volume does not say by itself. */
export interface CreateVolumeOptions {
  /** Its name was made up, not chosen by a user. True where the request has none. */
  anonymous?: boolean;
  /** The container it is made for; with it the volume cannot be pruned away before the container has it. */
  usedBy?: { containerId: string; destination: string };
}

/** Makes a volume, or hands back the one of that name (labels and options are then ignored, as Docker does). */
export async function createVolume(
  deps: VolumeDeps,
  request: VolumeCreateRequest,
  { usedBy, anonymous = !request.Name }: CreateVolumeOptions = {},
): Promise<Volume> {
  const name = request.Name || newId();
  const options = request.DriverOpts ?? {};
  using _ = await deps.locks.acquire(name);
  try {
    const found = volumeByName(deps.store, name);
    if (found) {
      if (request.Driver && request.Driver !== found.driver) {
        throw conflict(`driver '${found.driver}' already has volume '${name}': volume name must be unique`);
      }
      if (usedBy) insertReference(deps.store, name, usedBy.containerId, usedBy.destination);
      return await describeVolume(deps, found);
    }

    const driver = volumeDriver(deps, request.Driver ?? "");
    await driver.validate(name, options);
    const volume: VolumeRecord = {
      name,
      driver: driver.name,
      created: rfc3339Seconds(new Date()),
      anonymous,
      labels: anonymous ? { ...request.Labels, [anonymousLabel]: "" } : (request.Labels ?? null),
      options: request.DriverOpts ?? null,
    };
    deps.store.transaction(() => {
      insertVolume(deps.store, volume);
      if (usedBy) insertReference(deps.store, name, usedBy.containerId, usedBy.destination);
    })();
    try {
      await driver.create(name, options);
    } catch (error) {
      deleteVolume(deps.store, name);
      throw error;
    }
    deps.events.publish("volume", "create", { ID: name, Attributes: { driver: volume.driver } });
    return await describeVolume(deps, volume);
  } catch (error) {
    throw error instanceof EngineError
      ? new EngineError(error.kind, `create ${name}: ${error.message}`, { cause: error })
      : new EngineError("internal", `create ${name}: ${errorMessage(error)}`, { cause: error });
  }
}
