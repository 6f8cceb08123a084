import { eachAt, eachHolder, isObject, type JsonObject } from "./json-path.ts";
import { type ApiVersion, api } from "./version.ts";

/** How an answer differed before a version. Paths as in json-path.ts. */
interface Difference {
  before: string;
  /** Fields that were not there yet. */
  drop?: readonly string[];
  /** Fields that were always there: set where absent, at a path of objects. */
  fill?: Readonly<Record<string, JsonObject>>;
  /** What data cannot say; gets each object at the path. */
  change?: { at: string; apply(holder: JsonObject): void };
}

const legacyConfig = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: "",
  Volumes: null,
  WorkingDir: "",
};

/** The answers of today and what older clients must find instead, by operation; newest difference first. */
const differences: Readonly<Record<string, readonly Difference[]>> = {
  ContainerList: [
    { before: "1.52", drop: ["[].Health"] },
    { before: "1.48", drop: ["[].ImageManifestDescriptor"] },
    { before: "1.46", drop: ["[].HostConfig.Annotations"] },
  ],
  ContainerInspect: [
    {
      before: "1.52",
      change: { at: "", apply: legacyInspect },
      drop: ["Storage"],
      fill: {
        NetworkSettings: {
          Bridge: "",
          HairpinMode: false,
          LinkLocalIPv6Address: "",
          LinkLocalIPv6PrefixLen: 0,
          SecondaryIPAddresses: null,
          SecondaryIPv6Addresses: null,
          EndpointID: "",
          Gateway: "",
          GlobalIPv6Address: "",
          GlobalIPv6PrefixLen: 0,
          IPAddress: "",
          IPPrefixLen: 0,
          IPv6Gateway: "",
          MacAddress: "",
        },
      },
    },
    { before: "1.48", drop: ["ImageManifestDescriptor"] },
    { before: "1.45", change: { at: "", apply: aliasesWithId } },
  ],
  ContainerWait: [{ before: "1.34", drop: ["Error"] }],
  ImageList: [
    {
      before: "1.51",
      change: {
        at: "[]",
        apply: (image) => {
          image["Containers"] = -1;
        },
      },
    },
    { before: "1.48", drop: ["[].Descriptor"] },
    { before: "1.47", drop: ["[].Manifests"] },
    { before: "1.44", change: { at: "[]", apply: virtualSize } },
    { before: "1.43", change: { at: "[]", apply: noneNames } },
  ],
  ImageInspect: [
    { before: "1.53", drop: ["Identity"] },
    { before: "1.52", fill: { "": { Parent: "", Comment: "", DockerVersion: "", Author: "" }, Config: legacyConfig } },
    {
      before: "1.50",
      fill: {
        Config: {
          AttachStderr: false,
          AttachStdin: false,
          AttachStdout: false,
          Domainname: "",
          Hostname: "",
          Image: "",
          OpenStdin: false,
          StdinOnce: false,
          Tty: false,
        },
      },
    },
    { before: "1.48", drop: ["Descriptor", "Manifests"] },
    {
      before: "1.45",
      fill: { "": { Container: "" } },
      change: {
        at: "",
        apply: (image) => {
          image["ContainerConfig"] ??= { ...(isObject(image["Config"]) ? image["Config"] : {}), Cmd: null, Image: "" };
        },
      },
    },
    { before: "1.44", fill: { "": { Created: "0001-01-01T00:00:00Z" } }, change: { at: "", apply: virtualSize } },
  ],
  SystemInfo: [
    { before: "1.53", drop: ["NRI"] },
    { before: "1.52", fill: { "": { KernelMemoryTCP: false } } },
    {
      before: "1.50",
      drop: ["DiscoveredDevices"],
      fill: { "": { BridgeNfIptables: false, BridgeNfIp6tables: false } },
    },
    {
      before: "1.49",
      drop: ["FirewallBackend"],
      change: {
        at: "",
        apply: (info) => {
          for (const name of ["ContainerdCommit", "RuncCommit", "InitCommit"]) expectedCommit(info[name]);
        },
      },
    },
    {
      before: "1.47",
      fill: {
        RegistryConfig: { AllowNondistributableArtifactsCIDRs: null, AllowNondistributableArtifactsHostnames: null },
      },
    },
    { before: "1.46", drop: ["Containerd"] },
    { before: "1.44", drop: ["Runtimes.*.status"] },
    { before: "1.42", fill: { "": { KernelMemory: false } } },
  ],
  SystemEvents: [{ before: "1.52", change: { at: "", apply: legacyEvent } }],
  SystemDataUsage: [
    {
      before: "1.52",
      drop: ["ImageUsage", "ContainerUsage", "VolumeUsage", "BuildCacheUsage", "Containers.[].Health"],
      change: { at: "Images.[]", apply: emptyNames },
      fill: { "": { LayersSize: 0, Images: null, Containers: null, Volumes: null, BuildCache: null } },
    },
    { before: "1.44", change: { at: "Images.[]", apply: virtualSize } },
    { before: "1.42", change: { at: "", apply: builderSize } },
  ],
  NetworkInspect: [{ before: "1.52", drop: ["Status", "Services"] }],
  NetworkList: [{ before: "1.52", fill: { "[]": { Containers: {} } } }],
  ContainerStats: [{ before: "1.52", drop: ["os_type"] }],
};

/** The answer in the shape of an older version. The value given stays as it is. */
export function downgrade(operation: string, version: ApiVersion, value: unknown): unknown {
  const due = (differences[operation] ?? []).filter((difference) => version < api(difference.before));
  if (due.length === 0) return value;
  const copy: unknown = structuredClone(value);
  for (const { drop = [], fill = {}, change } of due) {
    if (change) for (const holder of eachAt(copy, change.at)) if (isObject(holder)) change.apply(holder);
    for (const path of drop)
      eachHolder(copy, path, (holder, name) => {
        delete holder[name];
      });
    for (const [path, fields] of Object.entries(fill)) {
      for (const holder of eachAt(copy, path))
        if (isObject(holder)) for (const [name, field] of Object.entries(fields)) holder[name] ??= field;
    }
  }
  return copy;
}

/** The default network's addresses stood beside those of all networks; the snapshot's driver was the graph driver. */
function legacyInspect(container: JsonObject): void {
  const settings = container["NetworkSettings"];
  const bridge = eachAt(settings, "Networks.bridge")[0];
  if (isObject(settings) && isObject(bridge)) {
    for (const name of [
      "EndpointID",
      "Gateway",
      "GlobalIPv6Address",
      "GlobalIPv6PrefixLen",
      "IPAddress",
      "IPPrefixLen",
      "IPv6Gateway",
      "MacAddress",
    ]) {
      settings[name] = bridge[name];
    }
  }
  const snapshotter = eachAt(container, "Storage.RootFS.Snapshot.Name")[0];
  if (container["GraphDriver"] == null && typeof snapshotter === "string")
    container["GraphDriver"] = { Name: snapshotter, Data: null };
}

/** On networks of one's own the short id and the host name were among the aliases. */
function aliasesWithId(container: JsonObject): void {
  const networks = eachAt(container, "NetworkSettings.Networks")[0];
  const id = typeof container["Id"] === "string" ? container["Id"].slice(0, 12) : "";
  const hostname = eachAt(container, "Config.Hostname")[0];
  if (!isObject(networks)) return;
  for (const [name, endpoint] of Object.entries(networks)) {
    if (["bridge", "host", "none", "default"].includes(name) || !isObject(endpoint)) continue;
    const aliases: unknown[] = Array.isArray(endpoint["Aliases"]) ? endpoint["Aliases"] : [];
    endpoint["Aliases"] = [
      ...new Set([...aliases, id, ...(typeof hostname === "string" && hostname ? [hostname] : [])]),
    ];
  }
}

function virtualSize(image: JsonObject): void {
  image["VirtualSize"] = image["Size"];
}

function noneNames(image: JsonObject): void {
  emptyDigests(image);
  const isEmpty = (names: unknown) => !Array.isArray(names) || names.length === 0;
  if (!isEmpty(image["RepoTags"]) || !isEmpty(image["RepoDigests"])) return;
  image["RepoTags"] = ["<none>:<none>"];
  image["RepoDigests"] = ["<none>@<none>"];
}

function emptyNames(image: JsonObject): void {
  emptyDigests(image);
  if (Array.isArray(image["RepoTags"]) && image["RepoTags"].length === 0) image["RepoTags"] = null;
}

function emptyDigests(image: JsonObject): void {
  if (Array.isArray(image["RepoDigests"]) && image["RepoDigests"].length === 0) image["RepoDigests"] = null;
}

function builderSize(usage: JsonObject): void {
  const sizes = eachAt(usage, "BuildCache.[].Size").filter((size) => typeof size === "number");
  if (usage["BuildCache"]) usage["BuilderSize"] = sizes.reduce((sum, size) => sum + size, 0);
}

function expectedCommit(commit: unknown): void {
  if (isObject(commit)) commit["Expected"] = commit["ID"] ?? "";
}

/** Old clients fail where these are missing on events of containers and images. */
function legacyEvent(event: JsonObject): void {
  const actor = event["Actor"];
  if (!isObject(actor) || (event["Type"] !== "container" && event["Type"] !== "image")) return;
  event["status"] = event["Action"];
  event["id"] = actor["ID"];
  if (event["Type"] === "container") event["from"] = eachAt(actor, "Attributes.image")[0] ?? "";
}
