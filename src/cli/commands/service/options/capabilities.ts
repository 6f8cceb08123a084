/** Capabilities that a service adds and drops. */
import { normalCapabilities } from "../../container/options/security.ts";
import type { ContainerSpec } from "./parse.ts";

type Capabilities = Pick<ContainerSpec, "CapabilityAdd" | "CapabilityDrop">;

/** Upon what the service has: adding what it drops ends the dropping, and the other way round; `RESET` begins anew. */
export function capabilities(
  added: readonly string[],
  dropped: readonly string[],
  { CapabilityAdd, CapabilityDrop }: Capabilities = {},
): Capabilities {
  const [toAdd, toDrop] = [new Set(normalCapabilities(added)), new Set(normalCapabilities(dropped))];
  const add = new Set(toAdd.has("RESET") ? [] : CapabilityAdd);
  const drop = new Set(toDrop.has("RESET") ? [] : CapabilityDrop);
  for (const name of toDrop) {
    if (toAdd.has(name) || name === "RESET") continue;
    if (!add.delete(name)) drop.add(name);
  }
  for (const name of toAdd) if (name !== "RESET" && !drop.delete(name)) add.add(name);
  const [adds, drops] = [told(add), told(drop)];
  return { ...(adds.length > 0 && { CapabilityAdd: adds }), ...(drops.length > 0 && { CapabilityDrop: drops }) };
}

function told(names: ReadonlySet<string>): string[] {
  return names.has("ALL") ? ["ALL"] : [...names].sort();
}
