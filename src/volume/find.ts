import { errorMessage } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import type { VolumeDriver, VolumeFacts } from "./driver/driver.ts";
import { quick } from "./driver/plugin.ts";
import type { VolumeRecord } from "./table.ts";

/** A volume that a plugin has, whoever made it. */
export interface FoundVolume {
  driver: VolumeDriver;
  facts: VolumeFacts;
}

/** Asks all plugins for a volume that nobody made here; of several that have one the first. Null: none has. */
export async function findInPlugins(deps: VolumeDeps, name: string): Promise<FoundVolume | null> {
  const drivers = await deps.drivers.allPlugins();
  const found = await Promise.all(
    drivers.map(async (driver) => {
      try {
        const facts = await deps.drivers.askAmongMany(driver.name, async () => await driver.plugin?.get(name, quick));
        return facts ? { driver, facts } : null;
      } catch (error) {
        deps.log.warn("a volume plugin does not answer", { driver: driver.name, error: errorMessage(error) });
        return null;
      }
    }),
  );
  return found.find((one) => one !== null) ?? null;
}

/** What there would be in the database, had it been made here. */
export function recordOf({ driver, facts }: FoundVolume): VolumeRecord {
  return {
    name: facts.name,
    driver: driver.name,
    created: facts.created || "0001-01-01T00:00:00Z",
    anonymous: false,
    labels: null,
    options: null,
  };
}
