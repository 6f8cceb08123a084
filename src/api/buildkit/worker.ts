/** What an engine says of itself (`moby.buildkit.v1.types`, `moby.buildkit.v1.apicaps`). */
import {
  bigInt64,
  bool,
  field,
  int64,
  map,
  message,
  optional,
  repeated,
  string,
  type Value,
} from "../../lib/protobuf.ts";
import { Platform } from "./llb.ts";

export const BuildkitVersion = message({
  package: field(1, string),
  version: field(2, string),
  revision: field(3, string),
  dockerfileVersion: field(4, string),
});
export type BuildkitVersion = Value<typeof BuildkitVersion>;

export const GcPolicy = message({
  all: field(1, bool),
  /** Nanoseconds. */
  keepDuration: field(2, bigInt64),
  reservedSpace: field(3, int64),
  filters: repeated(4, string),
  maxUsedSpace: field(5, int64),
  minFreeSpace: field(6, int64),
});
export type GcPolicy = Value<typeof GcPolicy>;

export const CdiDevice = message({
  name: field(1, string),
  autoAllow: field(2, bool),
  annotations: map(3, string),
  onDemand: field(4, bool),
});
export type CdiDevice = Value<typeof CdiDevice>;

export const WorkerRecord = message({
  id: field(1, string),
  labels: map(2, string),
  platforms: repeated(3, Platform),
  gcPolicy: repeated(4, GcPolicy),
  buildkitVersion: optional(5, BuildkitVersion),
  cdiDevices: repeated(6, CdiDevice),
});
export type WorkerRecord = Value<typeof WorkerRecord>;

/** One thing that an engine can or cannot do. */
export const ApiCap = message({
  id: field(1, string),
  enabled: field(2, bool),
  deprecated: field(3, bool),
  disabledReason: field(4, string),
  disabledReasonMessage: field(5, string),
  disabledAlternative: field(6, string),
});
export type ApiCap = Value<typeof ApiCap>;
