/** The service that clients build by: `moby.buildkit.v1.Control`. */
import {
  bigInt64,
  bool,
  bytes,
  field,
  int64,
  map,
  message,
  optional,
  repeated,
  string,
  type Value,
} from "../../lib/protobuf.ts";
import { Definition, ProgressGroup, Range, SourceInfo } from "./llb.ts";
import { Policy } from "./policy.ts";
import { Timestamp } from "./timestamp.ts";
import { BuildkitVersion, WorkerRecord } from "./worker.ts";

export const controlPaths = {
  diskUsage: "/moby.buildkit.v1.Control/DiskUsage",
  prune: "/moby.buildkit.v1.Control/Prune",
  solve: "/moby.buildkit.v1.Control/Solve",
  status: "/moby.buildkit.v1.Control/Status",
  session: "/moby.buildkit.v1.Control/Session",
  listWorkers: "/moby.buildkit.v1.Control/ListWorkers",
  info: "/moby.buildkit.v1.Control/Info",
  listenBuildHistory: "/moby.buildkit.v1.Control/ListenBuildHistory",
  updateBuildHistory: "/moby.buildkit.v1.Control/UpdateBuildHistory",
} as const;

export const ListWorkersRequest = message({
  filter: repeated(1, string),
});
export type ListWorkersRequest = Value<typeof ListWorkersRequest>;

export const ListWorkersResponse = message({
  records: repeated(1, WorkerRecord),
});
export type ListWorkersResponse = Value<typeof ListWorkersResponse>;

export const InfoRequest = message({});
export type InfoRequest = Value<typeof InfoRequest>;

export const InfoResponse = message({
  buildkitVersion: optional(1, BuildkitVersion),
});
export type InfoResponse = Value<typeof InfoResponse>;

/** An exporter or a cache: its type and what it is told. */
export const Typed = message({
  type: field(1, string),
  attrs: map(2, string),
});
export type Typed = Value<typeof Typed>;

export const CacheOptions = message({
  oldExportRef: field(1, string),
  oldImportRefs: repeated(2, string),
  oldExportAttrs: map(3, string),
  exports: repeated(4, Typed),
  imports: repeated(5, Typed),
});
export type CacheOptions = Value<typeof CacheOptions>;

export const SolveRequest = message({
  ref: field(1, string),
  definition: optional(2, Definition),
  oldExporter: field(3, string),
  oldExporterAttrs: map(4, string),
  session: field(5, string),
  frontend: field(6, string),
  frontendAttrs: map(7, string),
  cache: optional(8, CacheOptions),
  entitlements: repeated(9, string),
  frontendInputs: map(10, Definition),
  /** Not kept in the history. */
  internal: field(11, bool),
  sourcePolicy: optional(12, Policy),
  exporters: repeated(13, Typed),
  enableSessionExporter: field(14, bool),
  sourcePolicySession: field(15, string),
  compatibilityVersion: field(16, int64),
  proxyNetwork: field(17, bool),
});
export type SolveRequest = Value<typeof SolveRequest>;

export const SolveResponse = message({
  exporterResponse: map(1, string),
});
export type SolveResponse = Value<typeof SolveResponse>;

export const StatusRequest = message({
  ref: field(1, string),
});
export type StatusRequest = Value<typeof StatusRequest>;

/** A step; sent again whole whenever it changes. */
export const Vertex = message({
  digest: field(1, string),
  inputs: repeated(2, string),
  name: field(3, string),
  cached: field(4, bool),
  started: optional(5, Timestamp),
  completed: optional(6, Timestamp),
  error: field(7, string),
  progressGroup: optional(8, ProgressGroup),
});
export type Vertex = Value<typeof Vertex>;

/** How far a part of a step is. */
export const VertexStatus = message({
  id: field(1, string),
  vertex: field(2, string),
  name: field(3, string),
  current: field(4, int64),
  total: field(5, int64),
  timestamp: optional(6, Timestamp),
  started: optional(7, Timestamp),
  completed: optional(8, Timestamp),
});
export type VertexStatus = Value<typeof VertexStatus>;

export const VertexLog = message({
  vertex: field(1, string),
  timestamp: optional(2, Timestamp),
  /** 1 for what went to standard output, 2 for errors. */
  stream: field(3, int64),
  message: field(4, bytes),
});
export type VertexLog = Value<typeof VertexLog>;

export const VertexWarning = message({
  vertex: field(1, string),
  level: field(2, int64),
  short: field(3, bytes),
  detail: repeated(4, bytes),
  url: field(5, string),
  info: optional(6, SourceInfo),
  ranges: repeated(7, Range),
});
export type VertexWarning = Value<typeof VertexWarning>;

export const StatusResponse = message({
  vertexes: repeated(1, Vertex),
  statuses: repeated(2, VertexStatus),
  logs: repeated(3, VertexLog),
  warnings: repeated(4, VertexWarning),
});
export type StatusResponse = Value<typeof StatusResponse>;

export const DiskUsageRequest = message({
  filter: repeated(1, string),
  /** Nanoseconds: years of them are more than a number holds exactly. */
  ageLimit: field(2, bigInt64),
});
export type DiskUsageRequest = Value<typeof DiskUsageRequest>;

/** Something in the cache. */
export const UsageRecord = message({
  id: field(1, string),
  mutable: field(2, bool),
  inUse: field(3, bool),
  size: field(4, int64),
  oldParent: field(5, string),
  createdAt: optional(6, Timestamp),
  lastUsedAt: optional(7, Timestamp),
  usageCount: field(8, int64),
  description: field(9, string),
  recordType: field(10, string),
  shared: field(11, bool),
  parents: repeated(12, string),
});
export type UsageRecord = Value<typeof UsageRecord>;

export const DiskUsageResponse = message({
  records: repeated(1, UsageRecord),
});
export type DiskUsageResponse = Value<typeof DiskUsageResponse>;

export const PruneRequest = message({
  filter: repeated(1, string),
  all: field(2, bool),
  /** Nanoseconds: years of them are more than a number holds exactly. */
  keepDuration: field(3, bigInt64),
  reservedSpace: field(4, int64),
  maxUsedSpace: field(5, int64),
  minFreeSpace: field(6, int64),
});
export type PruneRequest = Value<typeof PruneRequest>;
