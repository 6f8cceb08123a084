import type { GenericResources, TaskSpec } from "../../../../api/types/swarm.ts";
import { CliError } from "../../../errors.ts";
import { genericResources } from "./parse.ts";
import type { UpdateFlags } from "./update-flags.ts";

type Resources = NonNullable<TaskSpec["Resources"]>;

/** Limits and reservations with what the flags say. */
export function updatedResources(
  before: Resources | undefined,
  flags: UpdateFlags,
  changed: ReadonlySet<string>,
): Resources | undefined {
  const has = (...names: (keyof UpdateFlags)[]) => names.some((name) => changed.has(name));
  const after: Resources = { ...before };
  if (has("limit-cpu", "limit-memory", "limit-pids", "reserve-cpu", "reserve-memory")) {
    after.Limits = without0({
      ...before?.Limits,
      ...(has("limit-cpu") && { NanoCPUs: flags["limit-cpu"] ?? 0 }),
      ...(has("limit-memory") && { MemoryBytes: flags["limit-memory"] }),
      ...(has("limit-pids") && { Pids: flags["limit-pids"] }),
    });
    after.Reservations = without0({
      ...before?.Reservations,
      ...(has("reserve-cpu") && { NanoCPUs: flags["reserve-cpu"] ?? 0 }),
      ...(has("reserve-memory") && { MemoryBytes: flags["reserve-memory"] ?? 0 }),
    });
  }
  if (has("generic-resource-add", "generic-resource-rm"))
    after.Reservations = { ...after.Reservations, ...generics(before?.Reservations?.GenericResources ?? [], flags) };
  if (has("memory-swap")) after.SwapBytes = flags["memory-swap"];
  const swappiness = flags["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100)
    throw new CliError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  if (has("memory-swappiness")) after.MemorySwappiness = swappiness;
  return before === undefined && Object.keys(after).length === 0 ? undefined : after;
}

/** Go leaves out a number that is 0. */
function without0<T extends object>(values: T): T {
  const kept: Partial<T> = { ...values };
  for (const key in kept) if (kept[key] === 0) delete kept[key];
  return kept as T;
}

function generics(before: GenericResources, flags: UpdateFlags): { GenericResources: GenericResources } {
  const kindOf = (one: GenericResources[number]) => one.DiscreteResourceSpec?.Kind ?? one.NamedResourceSpec?.Kind ?? "";
  for (const kind of flags["generic-resource-rm"])
    if (!before.some((one) => kindOf(one) === kind))
      throw new CliError(`could not find generic-resource \`${kind}\` to remove it`);
  const added = genericResources(flags["generic-resource-add"]);
  const replaced = new Set([...added.map(kindOf), ...flags["generic-resource-rm"]]);
  const kept = before.filter((one) => !replaced.has(kindOf(one)));
  const removed = new Set(flags["generic-resource-rm"]);
  return { GenericResources: [...kept, ...added.filter((one) => !removed.has(kindOf(one)))] };
}
