import type { NetworkCheckItem } from "../../api/types/network.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { NetworkDeps } from "../deps.ts";
import { driverOf } from "../driver/driver.ts";
import { allNetworks, allSandboxes, sandboxOf } from "../table.ts";
import { checkContainer } from "./container.ts";
import { checkFirewall } from "./firewall.ts";
import type { Item } from "./item.ts";
import { checkMachine } from "./machine.ts";

/**
 * Compares what networks need in the kernel with what is there. With `repair` differences are repaired and looked at
 * again; those that are then gone are shown as `repaired`. Networks are neither made nor removed meanwhile.
 */
export async function checkNetworks(deps: NetworkDeps, { repair }: { repair: boolean }): Promise<NetworkCheckItem[]> {
  using _lock = await deps.live.networkLocks.acquire("networks");
  const before = await look(deps, repair);
  if (!repair || before.every(({ State }) => State === "ok")) return before.map(shown);
  const after = await look(deps, false);
  const keyOf = ({ Object, Owner }: Item) => `${Owner} ${Object}`;
  const bad = new Map(before.filter(({ State }) => State !== "ok").map((item) => [keyOf(item), item]));
  const now = after.map((item) => {
    const was = bad.get(keyOf(item));
    bad.delete(keyOf(item));
    return item.State === "ok" && was ? { ...item, State: "repaired" as const, Found: was.Found } : item;
  });
  // An item that does not appear in the second look was something superfluous that is now gone.
  return [...now, ...[...bad.values()].map((item) => ({ ...item, State: "repaired" as const }))].map(shown);
}

/** In the order of dependence: each part is repaired before the parts that depend on it are looked at. */
async function look(deps: NetworkDeps, repair: boolean): Promise<Item[]> {
  const all: Item[] = [];
  const take = async (items: Item[]) => {
    all.push(...items);
    if (repair) await mend(deps, items);
  };
  for (const network of allNetworks(deps.store))
    if (!network.ConfigOnly) await take(driverOf(deps, network).compare(deps, network) ?? []);
  for (const { containerId } of allSandboxes(deps.store)) {
    using _lock = await deps.live.sandboxLocks.acquire(containerId);
    // It may have ended meanwhile.
    const sandbox = sandboxOf(deps.store, containerId);
    if (sandbox) await take(await checkContainer(deps, sandbox));
  }
  await take(await checkFirewall(deps));
  await take(await checkMachine(deps));
  return all;
}

/** One repair often mends several items: it is done once. */
async function mend(deps: NetworkDeps, items: readonly Item[]): Promise<void> {
  const done = new Set<Item["repair"]>();
  for (const { repair, Object, Owner } of items) {
    if (!repair || done.has(repair)) continue;
    done.add(repair);
    try {
      await repair();
    } catch (error) {
      deps.log.warn("the network could not be repaired", { object: Object, owner: Owner, error: errorMessage(error) });
    }
  }
}

const shown = ({ repair: _, ...item }: Item): NetworkCheckItem => item;
