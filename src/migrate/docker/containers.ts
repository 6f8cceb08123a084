import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { containerConfig, createFields } from "../../api/schema/container.ts";
import { endpointSettings } from "../../api/schema/endpoint.ts";
import { anything, boolean, integer, map, string, struct } from "../../api/schema/schema.ts";
import type { CreateBody } from "../../api/types/container.ts";
import type { EndpointSettings } from "../../api/types/network.ts";
import { errorMessage } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { type DockerRoot, graphDrivers } from "./root.ts";

/** A container of Docker's. */
export interface DockerContainer {
  id: string;
  /** Without the slash. */
  name: string;
  created: string;
  imageId: string;
  /** Its configuration as a request would have it, but for what the image says: that is in it already. */
  body: CreateBody;
  /** Names of its volumes, by where they are mounted. */
  volumes: Record<string, string>;
  /** The upper directory of its overlay; null: its graph driver has none. */
  written: string | null;
  /** Its log files, the oldest first; null: they are not of the driver json-file. */
  logs: string[] | null;
  state: DockerState;
  /** Why it cannot be had; undefined: nothing speaks against it. */
  problem?: string;
}

/** How its last run went. */
export interface DockerState {
  /** The process that still runs; 0: none. */
  pid: number;
  /** It was not at its end when dockerd was. */
  cutOff: boolean;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  started: boolean;
  manuallyStopped: boolean;
}

const stateRecord = struct({
  Running: boolean,
  Paused: boolean,
  Restarting: boolean,
  RemovalInProgress: boolean,
  Dead: boolean,
  OOMKilled: boolean,
  Pid: integer,
  ExitCode: integer,
  Error: string,
  StartedAt: string,
  FinishedAt: string,
});
const endpointRecord = struct({ DesiredMacAddress: string });
const record = struct({
  ID: string,
  Name: string,
  Created: string,
  Image: string,
  Driver: string,
  Managed: boolean,
  State: stateRecord,
  Config: containerConfig,
  NetworkSettings: struct({ Networks: map(anything) }),
  MountPoints: map(struct({ Name: string, Driver: string, Type: string })),
  RestartCount: integer,
  HasBeenStartedBefore: boolean,
  HasBeenManuallyStopped: boolean,
});

const NEVER = "0001-01-01T00:00:00Z";

/** The driver of containers whose files containerd keeps. */
const SNAPSHOTTER = "overlayfs";

/** Where what such a container has written is; null: it has no snapshot. */
export type WrittenInContainerd = (id: string) => string | null;

/** All containers, in the order in which they were made. */
export function readContainers(root: DockerRoot, inContainerd: WrittenInContainerd): DockerContainer[] {
  const home = join(root.path, "containers");
  return namesIn(home)
    .filter((id) => /^[0-9a-f]{64}$/.test(id) && existsSync(join(home, id, "config.v2.json")))
    .map((id) => readContainer(root, join(home, id), id, inContainerd))
    .sort((a, b) => (a.created < b.created ? -1 : 1));
}

function readContainer(
  root: DockerRoot,
  folder: string,
  id: string,
  inContainerd: WrittenInContainerd,
): DockerContainer {
  try {
    return containerOf(root, folder, id, inContainerd);
  } catch (error) {
    const state: DockerState = {
      ...{ pid: 0, cutOff: false, exitCode: 0, error: "", oomKilled: false, restartCount: 0 },
      ...{ startedAt: NEVER, finishedAt: NEVER, started: false, manuallyStopped: false },
    };
    const empty = { name: id.slice(0, 12), created: "", imageId: "", body: {}, volumes: {}, written: null, logs: null };
    return { id, ...empty, state, problem: `its configuration cannot be read: ${errorMessage(error)}` };
  }
}

function containerOf(root: DockerRoot, folder: string, id: string, inContainerd: WrittenInContainerd): DockerContainer {
  const config = record(decodeJson(readFileSync(join(folder, "config.v2.json"), "utf8")), "config.v2.json");
  const host = createFields.HostConfig(decodeJson(readFileSync(join(folder, "hostconfig.json"), "utf8")), "HostConfig");
  const volumes = Object.entries(config.MountPoints ?? {}).flatMap(([destination, { Name, Type }]) =>
    Name && (Type ?? "volume") === "volume" ? [[destination, Name] as const] : [],
  );
  const state = config.State ?? {};
  const logDriver = host.LogConfig?.Type || "json-file";
  const problem = problemOf(config, host.AutoRemove ?? false);
  return {
    id,
    name: (config.Name ?? "").replace(/^\//, ""),
    created: config.Created ?? "",
    imageId: config.Image ?? "",
    body: {
      ...config.Config,
      HostConfig: host,
      NetworkingConfig: { EndpointsConfig: endpointsOf(id, config.NetworkSettings?.Networks ?? {}) },
    },
    volumes: Object.fromEntries(volumes),
    written: config.Driver === SNAPSHOTTER ? inContainerd(id) : writtenOf(root, config.Driver ?? "", id),
    logs: logDriver === "json-file" ? logFiles(join(folder, `${id}-json.log`)) : null,
    state: {
      pid: state.Running && state.Pid && isContainer(state.Pid, id) ? state.Pid : 0,
      cutOff: state.Running ?? false,
      exitCode: state.ExitCode ?? 0,
      error: state.Error ?? "",
      oomKilled: state.OOMKilled ?? false,
      startedAt: state.StartedAt ?? NEVER,
      finishedAt: state.FinishedAt ?? NEVER,
      restartCount: config.RestartCount ?? 0,
      // The first has it not in older ones.
      started: config.HasBeenStartedBefore ?? (state.StartedAt ?? NEVER) !== NEVER,
      manuallyStopped: config.HasBeenManuallyStopped ?? false,
    },
    ...(problem !== undefined && { problem }),
  };
}

function problemOf({ State, Managed }: ReturnType<typeof record>, autoRemove: boolean): string | undefined {
  if (Managed) return "it belongs to a service";
  if (State?.RemovalInProgress || State?.Dead) return "it was being removed";
  if (autoRemove) return "it goes with its end (--rm)";
  return undefined;
}

/** The process may have another's number by now: a container's has its id in its control group or its mounts. */
function isContainer(pid: number, id: string): boolean {
  return ["cgroup", "mountinfo"].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(id);
    } catch {
      return false;
    }
  });
}

function endpointsOf(id: string, networks: Record<string, unknown>): Record<string, EndpointSettings> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, value]) => {
      const { IPAMConfig, Links, Aliases, DriverOpts, GwPriority } = endpointSettings(value, name);
      const { DesiredMacAddress } = endpointRecord(value, name);
      // Older ones note the short id as an alias, which every engine gives by itself.
      const aliases = (Aliases ?? []).filter((alias) => alias !== id.slice(0, 12));
      return [
        name,
        {
          ...(IPAMConfig && Object.keys(IPAMConfig).length > 0 && { IPAMConfig }),
          ...(Links && { Links }),
          ...(aliases.length > 0 && { Aliases: aliases }),
          ...(DriverOpts && Object.keys(DriverOpts).length > 0 && { DriverOpts }),
          ...(GwPriority && { GwPriority }),
          ...(DesiredMacAddress && { MacAddress: DesiredMacAddress }),
        },
      ];
    }),
  );
}

function writtenOf(root: DockerRoot, driverName: string, id: string): string | null {
  const driver = graphDrivers(root).find(({ name }) => name === driverName)?.driver;
  const mount = join(root.path, "image", driverName, "layerdb/mounts", id, "mount-id");
  if (!driver?.overlay || !existsSync(mount)) return null;
  return driver.tree(readFileSync(mount, "utf8").trim());
}

/** `x-json.log.2`, `x-json.log.1.gz`, `x-json.log`: the higher the number, the older. */
function logFiles(live: string): string[] {
  const files: string[] = [];
  for (let n = 1; ; n++) {
    const found = [`${live}.${n}`, `${live}.${n}.gz`].find((path) => statSync(path, { throwIfNoEntry: false }));
    if (!found) break;
    files.unshift(found);
  }
  return statSync(live, { throwIfNoEntry: false }) ? [...files, live] : files;
}
