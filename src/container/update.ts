import type { ContainerUpdateResponse, HostConfig, Resources, RestartPolicy } from "../api/types/container.ts";
import { conflict, EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import { updateTask } from "../runtime/update.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { lockContainer } from "./lookup.ts";
import { resolveBlockLimits } from "../runtime/spec/devices.ts";
import { buildResources } from "../runtime/spec/resources.ts";
import { validateHostConfig } from "../runtime/spec/validate.ts";
import { updateSpec } from "./table.ts";
import { validateRestartPolicy } from "./validate-request.ts";

/** Body of `POST /containers/{id}/update`. */
export type UpdateBody = Resources & { RestartPolicy?: RestartPolicy | null };

/** Limits that can be changed on a container, running or not. */
const changeable = [
  "BlkioWeight", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps", "CpuShares", "NanoCpus",
  "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems", "Memory", "MemorySwap", "MemoryReservation", "CpuRealtimePeriod", "CpuRealtimeRuntime", "PidsLimit",
] as const satisfies (keyof Resources)[];

/** Changes limits and restart policy; what the body leaves out (or says as nothing) stays. Running containers feel it at once. */
export async function updateContainer(ctx: ContainerContext, ref: string, body: UpdateBody): Promise<ContainerUpdateResponse> {
  const change: HostConfig = { ...body };
  validateRestartPolicy(change.RestartPolicy);
  const { warnings } = validateHostConfig({}, change, ctx.facts, { update: true });
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  try {
    if (c.state.phase === "removing" || c.state.phase === "dead") throw conflict('container is marked for removal and cannot be "update"');
    const limits = pick(change);
    refuseContradictions(limits, c.spec.hostConfig);
    const hostConfig: HostConfig = { ...c.spec.hostConfig, ...limits };
    if (change.RestartPolicy?.Name) {
      if (hostConfig.AutoRemove && change.RestartPolicy.Name !== "no") {
        throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
      }
      hostConfig.RestartPolicy = { Name: change.RestartPolicy.Name, MaximumRetryCount: change.RestartPolicy.MaximumRetryCount ?? 0 };
    }
    const before = c.spec;
    updateSpec(ctx.store, c.id, { ...before, hostConfig });
    if (c.state.phase === "running" || c.state.phase === "paused") {
      try {
        const resources = buildResources(limits, resolveBlockLimits(limits));
        if (Object.keys(resources).length > 0) await updateTask(ctx.runtime, c.id, resources);
      } catch (error) {
        updateSpec(ctx.store, c.id, before);
        throw error;
      }
    }
  } catch (error) {
    const message = errorMessage(error);
    const prefix = `Cannot update container ${c.id}: `;
    throw new EngineError(errorKind(error), message.startsWith(prefix) ? message : prefix + message, { cause: error });
  }
  publish(ctx, c, "update");
  return { Warnings: warnings };
}

/** The limits that say something: zero, empty and null mean "as it is". */
function pick(change: HostConfig): Resources {
  return Object.fromEntries(changeable.flatMap((key) => {
    const value = change[key];
    const silent = key === "PidsLimit" ? value == null : !value || (Array.isArray(value) && value.length === 0);
    return silent ? [] : [[key, value]];
  }));
}

function refuseContradictions(limits: Resources, now: HostConfig): void {
  const positive = (value: number | null | undefined) => (value ?? 0) > 0;
  if (positive(limits.NanoCpus) && positive(now.CpuPeriod)) throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  if (positive(limits.NanoCpus) && positive(now.CpuQuota)) throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  if (positive(limits.CpuPeriod) && positive(now.NanoCpus)) throw conflict("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  if (positive(limits.CpuQuota) && positive(now.NanoCpus)) throw conflict("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  if (limits.Memory && limits.Memory > (now.MemorySwap ?? 0) && !limits.MemorySwap) {
    throw conflict("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
  }
}
