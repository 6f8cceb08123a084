import { versionNumber } from "./description.ts";

/** Where the description is not what dockerd does: what is no breach, and why. */
interface Exception {
  /** An operation's id, `request ID` for what is sent to it, or `*`. */
  operation: string;
  kind: "type" | "null" | "unknown" | "missing" | "early" | "gone" | "query" | "content-type";
  /** The field with `[]` for indices and `*` for keys; `**` stands for anything. */
  at: string;
  /** Only for this version and newer ones. */
  from?: string;
  reason: string;
}

const exceptions: readonly Exception[] = [
  {
    operation: "request ContainerCreate",
    kind: "type",
    at: "HostConfig.LogConfig.Type",
    reason: "Docker's command line sends an empty word for the daemon's default",
  },
  {
    operation: "request ContainerCreate",
    kind: "type",
    at: "HostConfig.CgroupnsMode",
    reason: "Docker's command line sends an empty word for the daemon's default",
  },
  {
    operation: "request ContainerCreate",
    kind: "type",
    at: "HostConfig.MemorySwappiness",
    reason: "Docker's command line sends -1 for what nobody asked for",
  },
  {
    operation: "TaskList",
    kind: "unknown",
    at: "[].Volumes",
    reason: "dockerd sends null of every task; the description does not know it",
  },
  {
    operation: "TaskInspect",
    kind: "unknown",
    at: "Volumes",
    reason: "dockerd sends null of every task; the description does not know it",
  },
  {
    operation: "TaskList",
    kind: "unknown",
    at: "[].NetworksAttachments[].Network.**",
    reason: "dockerd sends the network in another shape here than elsewhere",
  },
  {
    operation: "TaskInspect",
    kind: "unknown",
    at: "NetworksAttachments[].Network.**",
    reason: "dockerd sends the network in another shape here than elsewhere",
  },
  {
    operation: "ContainerInspect",
    kind: "type",
    at: "HostConfig.LogConfig.Type",
    reason: "the name of a log plugin",
  },
  {
    operation: "ContainerInspect",
    kind: "null",
    at: "GraphDriver.Data",
    reason: "a container that is being removed has no directories any more: dockerd leaves them out as null",
  },
  {
    operation: "request ImageBuild",
    kind: "type",
    at: "",
    reason: "Berth's own command line sends an index of the context first",
  },
  {
    operation: "ImageBuild",
    kind: "type",
    at: "aux",
    reason: "what a build by a session tells are bytes, as a text",
  },
  ...["FromImage", "FromPath"].map((at) => ({
    operation: "request VolumeCreate",
    kind: "unknown" as const,
    at,
    reason: "a volume that begins with what an image has, which only Berth makes",
  })),
  ...["checkpoint", "checkpoint-dir"].map((at) => ({
    operation: "ContainerStart",
    kind: "query" as const,
    at,
    reason: "experimental in Docker, and not described; its own command line sends it",
  })),
  { operation: "ImagePush", kind: "query", at: "compression", reason: "a choice of Berth's own command line" },
  { operation: "ImageBuild", kind: "query", at: "**", reason: "Berth's own command line has more to say about builds" },
  {
    operation: "ImageBuild",
    kind: "unknown",
    at: "aux.**",
    reason: "what Berth's own command line asks for, and images by platform; Docker's clients read the ID beside it",
  },
  { operation: "ImagePush", kind: "unknown", at: "id", reason: "the layer that a line is about, as in pulls" },
  {
    operation: "ImagePush",
    kind: "unknown",
    at: "aux",
    reason: "the digest that was pushed: clients of content trust read it",
  },
  {
    operation: "*",
    kind: "unknown",
    at: "error",
    reason: "the text of an error stands beside its details, in streams of every version",
  },
  {
    operation: "*",
    kind: "unknown",
    at: "progress",
    reason: "the bar as text stands beside its details, in streams of every version",
  },
  {
    operation: "request ContainerUpdate",
    kind: "unknown",
    at: "Publish**",
    reason: "ports of a running container, which only Berth changes",
  },
  ...["request ContainerCreate", "request ContainerUpdate", "ContainerInspect"].map((operation) => ({
    operation,
    kind: "unknown" as const,
    at: "**HealthOnFailure",
    reason: "what only Berth does with unhealthy containers; absent unless it was asked for",
  })),
  ...["request ContainerCreate", "ContainerInspect"].flatMap((operation) =>
    ["**.IDMap", "**.ImageOptions.ReadWrite"].map((at) => ({
      operation,
      kind: "unknown" as const,
      at,
      reason: "mounts with other owners, and images that may be written to; absent unless asked for",
    })),
  ),
  { operation: "ImageInspect", kind: "gone", at: "Parent", reason: "sent where there is one, at every version" },
  {
    operation: "ImageInspect",
    kind: "missing",
    at: "Config.**",
    from: "1.52",
    reason: "left out when empty since then",
  },
  ...(["blkio_stats", "cpu_stats", "precpu_stats", "memory_stats", "pids_stats"] as const).flatMap((at) =>
    (["missing", "null", "early"] as const).map((kind) => ({
      operation: "ContainerStats",
      kind,
      at: `${at}.**`,
      reason: "the kernel's control groups decide what there is to tell, and whether anything runs",
    })),
  ),
  { operation: "ImageInspect", kind: "missing", at: "RootFS.Layers", reason: "left out where the image has none" },
  {
    operation: "ImageInspect",
    kind: "missing",
    at: "Created",
    from: "1.44",
    reason: "left out where the image has none",
  },
  { operation: "SystemInfo", kind: "missing", at: "Containerd", reason: "there is none behind Berth" },
  {
    operation: "SystemInfo",
    kind: "missing",
    at: "Runtimes.*.status",
    reason: "Docker asks its runtimes for their features at each start; left out where unknown",
  },
];

/** Statuses that the description leaves out. */
const statuses: readonly { operation: string; status: number; reason: string }[] = [
  { operation: "SwarmUnlock", status: 401, reason: "dockerd answers so to a wrong key" },
  { operation: "SwarmUnlock", status: 409, reason: "dockerd answers so where nothing is locked" },
  { operation: "*", status: 400, reason: "parameters, versions and bodies can be wrong everywhere" },
  { operation: "ExecStart", status: 101, reason: "clients may ask for an upgrade, as they do of attach" },
  {
    operation: "ContainerUpdate",
    status: 409,
    reason: "limits that contradict each other, and ports that are published already",
  },
  {
    operation: "ImageBuild",
    status: 404,
    reason: "a named context or a cache that is not there is told before the stream begins",
  },
  ...["ImageCreate", "DistributionInspect", "SystemAuth"].flatMap((operation) =>
    [401, 403, 404, 405, 429, 503].map((status) => ({
      operation,
      status,
      reason: "the registry, its token service or the server of the archive's URL said so",
    })),
  ),
  { operation: "VolumeCreate", status: 409, reason: "the volume that is to begin with an image exists already" },
  { operation: "VolumeCreate", status: 404, reason: "there is no such driver" },
  { operation: "VolumeCreate", status: 409, reason: "another driver has a volume of that name" },
  ...["PluginEnable", "PluginDisable", "PluginDelete", "PluginUpgrade"].map((operation) => ({
    operation,
    status: 409,
    reason: "dockerd too: it is on, or off, already, or in use",
  })),
  ...["PluginPull", "PluginUpgrade"].map((operation) => ({
    operation,
    status: 200,
    reason: "dockerd too: the answer is a stream of progress",
  })),
  {
    operation: "PluginPull",
    status: 404,
    reason: "dockerd too: the registry has no such plugin",
  },
  {
    operation: "GetPluginPrivileges",
    status: 404,
    reason: "the registry has no such plugin, which dockerd tells of only in the next call",
  },
  { operation: "ContainerLogs", status: 501, reason: "the driver of the container's log cannot be read" },
  { operation: "ContainerList", status: 404, reason: "the filters before and since name a container" },
  { operation: "ImageList", status: 404, reason: "the filters before and since name an image" },
  { operation: "ExecResize", status: 409, reason: "the container does not run" },
  { operation: "ContainerResize", status: 409, reason: "the container does not run" },
];

/** Routes that only Berth has, for its own command line. */
export const ownRoutes: readonly RegExp[] = [
  /^POST \/build\/content$/,
  /^GET \/build\/cache$/,
  /^GET \/build\/rootfs$/,
  /^GET \/berth\/networks\/check$/,
  /^POST \/berth\/(networks|system)\/repair$/,
  /^GET \/berth\/system\/(check|disk)$/,
  /^POST \/berth\/migrate\/docker$/,
  /^POST \/berth\/volumes\/(import|restore|.+\/(rename|clone|copy|backup))$/,
  /^GET \/berth\/volumes\/.+\/export$/,
  /^(HEAD|GET|PUT) \/berth\/volumes\/.+\/archive$/,
];

/**
 * Clients that ask for a version and know the shapes of an older one, as docs/compatibility.md has it; by User-Agent.
 */
const shapes: readonly { agent: RegExp; newest: string }[] = [
  { agent: /^docker-compose\/1\./, newest: "1.41" },
  { agent: /^docker(-py|-sdk-python)\//, newest: "1.51" },
];
const unversioned = versionNumber("1.51");

/** The version whose shapes a reply has: null where the request named none. */
export function versionOfShapes(asked: number | null, userAgent: string): number {
  if (asked === null) return unversioned;
  // Older ones were never told of otherwise.
  return Math.min(
    Math.max(asked, versionNumber("1.24")),
    versionNumber(shapes.find(({ agent }) => agent.test(userAgent))?.newest ?? "99.0"),
  );
}

const matchers = exceptions.map((exception) => ({ ...exception, pattern: globOf(exception.at) }));

/** Whether a breach is one of the description's own. */
export function excused(operation: string, kind: string, at: string, version: number): boolean {
  return matchers.some(
    (exception) =>
      exception.kind === kind &&
      (exception.operation === "*" || exception.operation === operation) &&
      version >= versionNumber(exception.from ?? "0") &&
      exception.pattern.test(at),
  );
}

export function excusedStatus(operation: string, status: number): boolean {
  return statuses.some(
    (exception) => exception.status === status && (exception.operation === "*" || exception.operation === operation),
  );
}

function globOf(text: string): RegExp {
  return new RegExp(
    `^${text
      .split("**")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  );
}
