import type { CreateBody } from "../../api/types/container.ts";
import { notFound } from "../../lib/errors.ts";
import { validateHostConfig } from "../../runtime/bundle/validate.ts";
import { parseLogOptions } from "../../runtime/logs/driver/driver.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { destroy } from "../life/remove.ts";
import { type LogLine, writeLog } from "../logs/write-log.ts";
import { makeMounts, planMounts } from "../mounts/resolve.ts";
import { resolveLinks } from "../network/links.ts";
import { validateNetworks } from "../network/validate-networks.ts";
import { type ContainerRecord, type MountPointRecord, newRunState, type RunState } from "../record.ts";
import { setState } from "../state.ts";
import { containerById, updateSpec } from "../table.ts";
import { endpointsOf, insertUnderName } from "./create.ts";
import { completeConfig, completeHostConfig } from "./defaults.ts";
import { validateRequest } from "./validate-request.ts";

/** A container that another engine on this machine had, and that does not run. */
export interface TakenContainer {
  id: string;
  name: string;
  /** RFC 3339. */
  created: string;
  /** `sha256:…`; the image must be here. */
  imageId: string;
  /** Its whole configuration: what the image says is in it already. */
  body: CreateBody;
  /** Names of volumes by where they are mounted, for those that the configuration does not name. All must be here. */
  volumes: Readonly<Record<string, string>>;
  /** The upper directory of its overlay. */
  written: string;
  /** How its last run went. */
  state: Pick<
    RunState,
    | "phase"
    | "exitCode"
    | "error"
    | "oomKilled"
    | "startedAt"
    | "finishedAt"
    | "restartCount"
    | "manuallyStopped"
    | "started"
  >;
  /** Its log so far; null: none that can be read. */
  log: AsyncIterable<LogLine> | null;
}

/**
 * Makes a container as another engine had it, with what it wrote and its log. A transaction as createContainer's: what
 * fails, or is cut off by a crash, leaves nothing, and takes none of its volumes along.
 */
export async function takeContainer(deps: ContainerDeps, taken: TakenContainer): Promise<void> {
  const { id } = taken;
  const { HostConfig, NetworkingConfig, ...config } = taken.body;
  validateRequest(config, HostConfig ?? {});
  const hostConfig = completeHostConfig(deps, HostConfig ?? {});
  validateHostConfig(config, hostConfig, deps.facts, {
    cgroupDriver: deps.runtime.cgroupDriver,
    runtimes: deps.runtime.names(),
  });
  const logDriver = await deps.runtime.logDrivers.find(hostConfig.LogConfig?.Type ?? "");
  parseLogOptions(logDriver, hostConfig.LogConfig?.Config ?? {});
  const image = deps.images.resolve(taken.imageId);
  const endpoints = endpointsOf(hostConfig, NetworkingConfig);
  validateNetworks(deps, hostConfig.NetworkMode ?? "bridge", endpoints);
  const links = resolveLinks(deps, hostConfig);
  const plan = planMounts(deps, config, hostConfig).map((point) => named(deps, point, taken.volumes));

  const c: ContainerRecord = {
    id,
    name: "",
    imageId: image.id,
    created: taken.created,
    spec: {
      config: completeConfig(config, hostConfig, id),
      hostConfig,
      endpoints,
      // Volumes that are not its own yet: a crash must not take them along.
      mounts: plan.map(({ anonymous: _, ...point }) => point),
      platform: image.config.os,
    },
    state: newRunState(),
  };
  insertUnderName(deps, c, links, taken.name);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => destroy(deps, c, { volumes: false, quiet: true }));
  await deps.rootfs.create(id, image, {
    ...(hostConfig.StorageOpt && { storageOpt: hostConfig.StorageOpt }),
    volatile: hostConfig.AutoRemove ?? false,
    written: taken.written,
  });
  const mounts = await makeMounts(deps, id, plan);
  if (taken.log) await writeLog(deps, id, taken.log);
  undo.move();

  c.spec.mounts = mounts;
  deps.store.transaction(() => {
    updateSpec(deps.store, id, c.spec);
    setState(deps, c, taken.state);
  })();
  publish(deps, c, "create");
}

/** With the volume that it had. None is made: an empty one would hide that its data did not come. */
function named(
  deps: ContainerDeps,
  point: MountPointRecord,
  volumes: Readonly<Record<string, string>>,
): MountPointRecord {
  if (point.type !== "volume") return point;
  const name = point.anonymous ? volumes[point.destination] : point.name;
  if (name === undefined || !deps.volumes.has(name))
    throw notFound(`its volume ${name ?? `at ${point.destination}`} is not here`);
  return { ...point, name };
}

/** Whether a container is here, by its whole id. */
export function hasContainer(deps: ContainerDeps, id: string): boolean {
  return containerById(deps.store, id) !== null;
}
