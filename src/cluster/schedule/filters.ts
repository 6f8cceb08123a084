import type { TaskSpec } from "../../api/types/swarm.ts";
import type { TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { architecture, meetsConstraints, parseConstraints } from "./constraints.ts";
import type { NodeLoad } from "./node-load.ts";

/** A reason for which a node cannot have a task, in Docker's order and words. */
export interface Filter {
  passes(load: NodeLoad): boolean;
  /** `nodes`: how many do not pass. */
  complaint(nodes: number): string;
}

const on = (what: string) => (nodes: number) => `${what} on ${nodes} node${nodes === 1 ? "" : "s"}`;

/** What a node must have for tasks of this one's spec. A node that lacks it once lacks it while tasks are added. */
export function filtersFor(state: ClusterState, task: TaskObject): Filter[] {
  const { Placement = {} } = task.Spec;
  const constraints = parseConstraints(Placement.Constraints ?? []);
  const plugins = pluginsFor(state, task);
  return [
    {
      passes: ({ node, report }) => report?.Status.State === "ready" && node.Spec.Availability === "active",
      complaint: (nodes) => `${nodes} node${nodes === 1 ? "" : "s"} not available for new tasks`,
    },
    { passes: (load) => load.hasResources(task.Spec), complaint: on("insufficient resources") },
    { passes: (load) => plugins.every((plugin) => hasPlugin(load, plugin)), complaint: on("missing plugin") },
    {
      passes: ({ node, report }) => meetsConstraints(constraints, node, report),
      complaint: on("scheduling constraints not satisfied"),
    },
    {
      passes: ({ report }) => runsOn(Placement.Platforms ?? [], report?.Description.Platform),
      complaint: on("unsupported platform"),
    },
    { passes: (load) => load.hasPorts(task), complaint: on("host-mode port already in use") },
    {
      passes: (load) => !Placement.MaxReplicas || load.tasksOf(task.ServiceID) < Placement.MaxReplicas,
      complaint: () => "max replicas per node limit exceed",
    },
  ];
}

function runsOn(
  platforms: NonNullable<NonNullable<TaskSpec["Placement"]>["Platforms"]>,
  { Architecture = "", OS = "" }: { Architecture?: string; OS?: string } = {},
): boolean {
  if (platforms.length === 0) return true;
  return platforms.some(
    (platform) =>
      (!platform.OS || platform.OS === OS) &&
      (!platform.Architecture || architecture(platform.Architecture) === architecture(Architecture)),
  );
}

/** `[type, name]` of each that the task cannot do without. */
function pluginsFor(state: ClusterState, { Spec, Networks }: TaskObject): (readonly [string, string])[] {
  const mounts = Spec.ContainerSpec?.Mounts ?? [];
  const volumes = mounts.flatMap(({ Type, VolumeOptions }) => {
    const name = VolumeOptions?.DriverConfig?.Name;
    return Type === "volume" && name && name !== "local" ? [["Volume", name] as const] : [];
  });
  const networks = Networks.flatMap(({ NetworkID }) => {
    const driver = state.get("network", NetworkID)?.Driver;
    return driver ? [["Network", driver] as const] : [];
  });
  const log = Spec.LogDriver?.Name;
  return [...volumes, ...networks, ...(log && log !== "none" ? [["Log", log] as const] : [])];
}

/** A name without a tag means any. */
function hasPlugin({ report }: NodeLoad, [type, name]: readonly [string, string]): boolean {
  const known = report?.Description.Engine?.Plugins ?? [];
  return known.some((plugin) => plugin.Type === type && (plugin.Name === name || plugin.Name === `${name}:latest`));
}
