import type { CheckItem } from "../../api/types/check.ts";
import { errorMessage } from "../../lib/errors.ts";
import { checkNetworks } from "../../network/check/check.ts";
import type { StorageDeps } from "../deps.ts";
import { findOrphans, type Orphan } from "./orphans.ts";

/**
 * Looks for what belongs to this engine and to nothing in it, and compares what networks need with what the kernel has.
 * With `repair` orphans are removed (a folder of a volume becomes a volume again), and looked for once more; those that
 * are then gone are shown as `repaired`. What has not the engine's mark is not touched.
 */
export async function checkSystem(deps: StorageDeps, { repair }: { repair: boolean }): Promise<CheckItem[]> {
  const orphans = await findOrphans(deps);
  if (repair) for (const orphan of orphans) await mend(deps, orphan);
  const left = new Set(
    repair ? (await findOrphans(deps)).map(({ Object }) => Object) : orphans.map(({ Object }) => Object),
  );
  const items = orphans.map(({ Object, Wanted, Found }): CheckItem => {
    const state = Wanted === "" ? "extra" : "differs";
    return { Object, Owner: "", State: left.has(Object) ? state : "repaired", Wanted, Found };
  });
  return [...items, ...(await checkNetworks(deps.networks, { repair }))];
}

async function mend({ containers: { log } }: StorageDeps, { Object, mend }: Orphan): Promise<void> {
  try {
    await mend();
  } catch (error) {
    log.warn("an orphan could not be removed", { object: Object, error: errorMessage(error) });
  }
}
