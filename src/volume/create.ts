import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { conflict, EngineError, errorMessage } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume } from "./describe.ts";
import type { VolumeFacts } from "./driver/driver.ts";
import { findInPlugins } from "./find.ts";
import { deleteVolume, insertReference, insertVolume, updateVolume, type VolumeRecord, volumeByName } from "./table.ts";

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
  using _ = await deps.locks.acquire(name);
  try {
    const found = volumeByName(deps.store, name);
    const reused = found ? await reuse(deps, found, request) : null;
    if (reused) {
      if (usedBy) insertReference(deps.store, name, usedBy.containerId, usedBy.destination);
      return reused;
    }
    return await make(deps, name, found, request, { anonymous, ...(usedBy && { usedBy }) });
  } catch (error) {
    throw error instanceof EngineError
      ? new EngineError(error.kind, `create ${name}: ${error.message}`, { cause: error })
      : new EngineError("internal", `create ${name}: ${errorMessage(error)}`, { cause: error });
  }
}

/** The volume that has the name already; null: its plugin has forgotten it, and it is to be made again. */
async function reuse(deps: VolumeDeps, found: VolumeRecord, request: VolumeCreateRequest): Promise<Volume | null> {
  const { name } = found;
  const facts = deps.drivers.builtin.has(found.driver) ? undefined : await factsOf(deps, found);
  if (request.Driver && request.Driver !== found.driver && facts !== null)
    throw conflict(`driver '${found.driver}' already has volume '${name}': volume name must be unique`);
  return facts === null ? null : await describeVolume(deps, found, facts);
}

async function factsOf(deps: VolumeDeps, { name, driver: driverName }: VolumeRecord): Promise<VolumeFacts | null> {
  try {
    const driver = await deps.drivers.find(driverName);
    return driver.plugin && (await driver.plugin.get(name));
  } catch (cause) {
    const text =
      `found reference to volume '${name}' in driver '${driverName}', but got an error while checking the driver: ` +
      `error while checking if volume "${name}" exists in driver "${driverName}": ${errorMessage(cause)}: ` +
      "volume name must be unique";
    throw conflict(text, cause);
  }
}

/**
 * Makes the volume, or takes up the one that a plugin has. `before`: what was known of one that its plugin has
 * forgotten.
 */
async function make(
  deps: VolumeDeps,
  name: string,
  before: VolumeRecord | null,
  request: VolumeCreateRequest,
  { usedBy, anonymous = false }: CreateVolumeOptions,
): Promise<Volume> {
  const named = request.Driver || before?.driver;
  // Nobody can have one whose name was made up just now.
  const owner = named || anonymous ? null : await findInPlugins(deps, name);
  const driver = owner?.driver ?? (await deps.drivers.find(named ?? ""));
  const there = owner !== null || ((await driver.plugin?.get(name)) ?? null) !== null;
  const asked = request.DriverOpts ?? null;
  const options = asked && Object.keys(asked).length > 0 ? asked : (before?.options ?? asked);
  await driver.validate(name, options ?? {});
  const volume: VolumeRecord = {
    name,
    driver: driver.name,
    created: before?.created ?? rfc3339Seconds(new Date()),
    anonymous,
    labels: anonymous ? { ...request.Labels, [anonymousLabel]: "" } : (request.Labels ?? before?.labels ?? null),
    options,
  };
  deps.store.transaction(() => {
    if (before) updateVolume(deps.store, volume);
    else insertVolume(deps.store, volume);
    if (usedBy) insertReference(deps.store, name, usedBy.containerId, usedBy.destination);
  })();
  try {
    if (!there) await driver.create(name, options ?? {});
  } catch (error) {
    if (!before) deleteVolume(deps.store, name);
    throw error;
  }
  deps.events.publish("volume", "create", { ID: name, Attributes: { driver: volume.driver } });
  return await describeVolume(deps, volume, null);
}
