import { type Filters, noFilters } from "../api/filters.ts";
import type { Volume, VolumeListResponse } from "../api/types/volume.ts";
import { errorMessage } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume } from "./describe.ts";
import type { VolumeDriver, VolumeFacts } from "./driver/driver.ts";
import { quick } from "./driver/plugin.ts";
import { recordOf } from "./find.ts";
import { allVolumes, referenceCounts, type VolumeRecord } from "./table.ts";

/**
 * Volumes by name: those of the database, and those that plugins have besides. Of a plugin that does not answer in time
 * those of the database are shown. `dangling` ones are those that no container refers to.
 */
export async function listVolumes(
  deps: VolumeDeps,
  filters: Filters = noFilters,
): Promise<Required<VolumeListResponse>> {
  filters.validate(["dangling", "name", "driver", "label"]);
  const include = await compileVolumeFilter(deps, filters);
  const stored = allVolumes(deps.store);
  const lists = await listPlugins(deps, stored);
  const listed: Promise<Volume>[] = [];
  for (const volume of stored) {
    const list = lists.get(volume.driver);
    const facts = list?.facts.get(volume.name);
    // Its plugin has it no more.
    if (!include(volume) || (list && !facts)) continue;
    listed.push(describeVolume(deps, volume, facts && { ...facts, created: "", status: null }));
  }
  const names = new Set(stored.map(({ name }) => name));
  for (const { driver, facts: ofDriver } of lists.values()) {
    for (const facts of ofDriver.values()) {
      if (names.has(facts.name)) continue;
      names.add(facts.name);
      const volume = recordOf({ driver, facts: { ...facts, status: null } });
      if (include(volume)) listed.push(describeVolume(deps, volume, { ...facts, status: null }));
    }
  }
  return {
    Volumes: (await Promise.all(listed)).sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    Warnings: null,
  };
}

interface PluginList {
  driver: VolumeDriver;
  /** By name. */
  facts: Map<string, VolumeFacts>;
}

/** What the plugins have that are in use or keep volumes of ours, asked side by side; missing: who does not answer. */
async function listPlugins(deps: VolumeDeps, stored: readonly VolumeRecord[]): Promise<Map<string, PluginList>> {
  const names = new Set([...deps.drivers.activePlugins(), ...stored.map(({ driver }) => driver)]);
  for (const name of deps.drivers.builtin.keys()) names.delete(name);
  const lists = new Map<string, PluginList>();
  await Promise.all(
    [...names].map(async (name) => {
      try {
        const list = await deps.drivers.askAmongMany(name, async () => {
          const driver = await deps.drivers.find(name, "not long");
          const facts = (await driver.plugin?.list(quick)) ?? [];
          return { driver, facts: new Map(facts.map((one) => [one.name, one])) };
        });
        lists.set(name, list);
      } catch (error) {
        deps.log.warn("a volume plugin does not list its volumes", { driver: name, error: errorMessage(error) });
      }
    }),
  );
  return lists;
}

async function compileVolumeFilter(deps: VolumeDeps, filters: Filters): Promise<(volume: VolumeRecord) => boolean> {
  const named = await filters.matcher("name");
  const dangling = filters.has("dangling") ? filters.matchBool("dangling", false) : null;
  const counts = dangling === null ? new Map<string, number>() : referenceCounts(deps.store);
  return (volume) =>
    filters.matchExact("driver", volume.driver) &&
    named(volume.name) &&
    filters.matchLabels(volume.labels) &&
    (dangling === null || dangling === ((counts.get(volume.name) ?? 0) === 0));
}
