import type { ContainerUpdateResponse, HostConfig, Resources, UpdateBody } from "../../api/types/container.ts";
import { conflict, EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import { resolveBlockLimits } from "../../runtime/bundle/devices.ts";
import { buildResources } from "../../runtime/bundle/resources.ts";
import { validateHostConfig } from "../../runtime/bundle/validate.ts";
import { validateRestartPolicy } from "../create/validate-request.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { validateHealthAction } from "../health/on-failure.ts";
import { lockContainer } from "../lookup.ts";
import { type Publication, planPublication } from "../network/publication.ts";
import { type ContainerRecord, type ContainerSpec, hasProcess } from "../record.ts";
import { setState } from "../state.ts";
import { updateSpec } from "../table.ts";

/** Limits that can be changed on a container, running or not. */
const changeable = [
  "BlkioWeight",
  "BlkioWeightDevice",
  "BlkioDeviceReadBps",
  "BlkioDeviceWriteBps",
  "BlkioDeviceReadIOps",
  "BlkioDeviceWriteIOps",
  "CpuShares",
  "NanoCpus",
  "CpuPeriod",
  "CpuQuota",
  "CpusetCpus",
  "CpusetMems",
  "Memory",
  "MemorySwap",
  "MemoryReservation",
  "CpuRealtimePeriod",
  "CpuRealtimeRuntime",
  "PidsLimit",
] as const satisfies (keyof Resources)[];

/**
 * Changes limits, restart policy, what failed health checks order, and published ports, all or nothing; what the body
 * leaves out (or says as nothing) stays. Running containers feel it at once.
 */
export async function updateContainer(
  deps: ContainerDeps,
  ref: string,
  body: UpdateBody,
): Promise<ContainerUpdateResponse> {
  const { PublishAdd, PublishRemove, ...rest } = body;
  const change: HostConfig = rest;
  validateRestartPolicy(change.RestartPolicy);
  const { warnings } = validateHostConfig({}, change, deps.facts, { update: true });
  using held = await lockContainer(deps, ref);
  const c = held.container;
  try {
    if (c.state.phase === "removing" || c.state.phase === "dead")
      throw conflict('container is marked for removal and cannot be "update"');
    const limits = pick(change);
    refuseContradictions(limits, c.spec.hostConfig);
    const hostConfig: HostConfig = { ...c.spec.hostConfig, ...limits };
    if (change.RestartPolicy?.Name) {
      if (hostConfig.AutoRemove && change.RestartPolicy.Name !== "no") {
        throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
      }
      hostConfig.RestartPolicy = {
        Name: change.RestartPolicy.Name,
        MaximumRetryCount: change.RestartPolicy.MaximumRetryCount ?? 0,
      };
    }
    if (change.HealthOnFailure) {
      validateHealthAction(c.spec.config, change.HealthOnFailure);
      hostConfig.HealthOnFailure = change.HealthOnFailure;
    }
    const live = hasProcess(c.state);
    const publication = planPublication(c.spec, live ? (c.state.network.Ports ?? null) : null, {
      ...(PublishAdd && { PublishAdd }),
      ...(PublishRemove && { PublishRemove }),
    });
    const spec = publication
      ? {
          ...c.spec,
          config: { ...c.spec.config, ExposedPorts: publication.exposed },
          hostConfig: { ...hostConfig, PortBindings: publication.bindings },
        }
      : { ...c.spec, hostConfig };
    const resources = live ? buildResources(limits, resolveBlockLimits(limits)) : {};
    const limitsDue = Object.keys(resources).length > 0;
    await using undo = new AsyncDisposableStack();
    if (limitsDue) {
      setState(deps, c, { limitsDue });
      undo.defer(() => setState(deps, c, { limitsDue: false }));
    }
    undo.defer(await writeSpec(deps, c, spec, live ? publication : null));
    if (limitsDue) await deps.runtime.update(c.id, resources);
    undo.move();
    if (limitsDue) setState(deps, c, { limitsDue: false });
  } catch (error) {
    const message = errorMessage(error);
    const prefix = `Cannot update container ${c.id}: `;
    throw new EngineError(errorKind(error), message.startsWith(prefix) ? message : prefix + message, { cause: error });
  }
  publish(deps, c, "update");
  return { Warnings: warnings.length > 0 ? warnings : null };
}

/** At boot: what an update that a crash cut off has written down reaches the running container after all. */
export async function finishUpdate(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  if (!c.state.limitsDue) return;
  const limits = pick(c.spec.hostConfig);
  try {
    await deps.runtime.update(c.id, buildResources(limits, resolveBlockLimits(limits)));
  } catch (error) {
    deps.log.warn("cannot finish the update of a container", { container: c.id, error: errorMessage(error) });
  }
  setState(deps, c, { limitsDue: false });
}

/** Writes a specification down, and publishes what it newly asks for. Returns the way back. */
async function writeSpec(
  deps: ContainerDeps,
  c: ContainerRecord,
  spec: ContainerSpec,
  publication: Publication | null,
): Promise<() => Promise<void> | void> {
  const before = c.spec;
  if (publication) {
    return await deps.networks.republish(c.id, publication.republication, (sandbox, changed) => {
      updateSpec(deps.store, c.id, changed ? spec : before);
      setState(deps, c, { network: sandbox.settings });
    });
  }
  updateSpec(deps.store, c.id, spec);
  return () => updateSpec(deps.store, c.id, before);
}

/** The limits that are to be changed: zero, empty and null mean "as it is". */
function pick(change: HostConfig): Resources {
  return Object.fromEntries(
    changeable.flatMap((key) => {
      const value = change[key];
      const silent = key === "PidsLimit" ? value == null : !value || (Array.isArray(value) && value.length === 0);
      return silent ? [] : [[key, value]];
    }),
  );
}

function refuseContradictions(limits: Resources, now: HostConfig): void {
  const positive = (value: number | null | undefined) => (value ?? 0) > 0;
  if (positive(limits.NanoCpus) && positive(now.CpuPeriod))
    throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  if (positive(limits.NanoCpus) && positive(now.CpuQuota))
    throw conflict("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  if (positive(limits.CpuPeriod) && positive(now.NanoCpus))
    throw conflict("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  if (positive(limits.CpuQuota) && positive(now.NanoCpus))
    throw conflict("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  if (limits.Memory && limits.Memory > (now.MemorySwap ?? 0) && !limits.MemorySwap) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
}
