/** The service that frontends build by: `moby.buildkit.v1.frontend.LLBBridge`. */

import { RpcStatus } from "../../lib/grpc/status.ts";
import {
  bool,
  bytes,
  field,
  int32,
  int64,
  map,
  message,
  optional,
  repeated,
  string,
  type Value,
} from "../../lib/protobuf.ts";
import { Typed } from "./control.ts";
import { Stat } from "./fsutil.ts";
import { Definition, Platform, Range, SourceInfo } from "./llb.ts";
import { Policy } from "./policy.ts";
import { ApiCap, WorkerRecord } from "./worker.ts";

export const gatewayPaths = {
  resolveImageConfig: "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig",
  resolveSourceMeta: "/moby.buildkit.v1.frontend.LLBBridge/ResolveSourceMeta",
  solve: "/moby.buildkit.v1.frontend.LLBBridge/Solve",
  readFile: "/moby.buildkit.v1.frontend.LLBBridge/ReadFile",
  readDir: "/moby.buildkit.v1.frontend.LLBBridge/ReadDir",
  statFile: "/moby.buildkit.v1.frontend.LLBBridge/StatFile",
  evaluate: "/moby.buildkit.v1.frontend.LLBBridge/Evaluate",
  ping: "/moby.buildkit.v1.frontend.LLBBridge/Ping",
  return: "/moby.buildkit.v1.frontend.LLBBridge/Return",
  inputs: "/moby.buildkit.v1.frontend.LLBBridge/Inputs",
  newContainer: "/moby.buildkit.v1.frontend.LLBBridge/NewContainer",
  releaseContainer: "/moby.buildkit.v1.frontend.LLBBridge/ReleaseContainer",
  execProcess: "/moby.buildkit.v1.frontend.LLBBridge/ExecProcess",
  readFileContainer: "/moby.buildkit.v1.frontend.LLBBridge/ReadFileContainer",
  readDirContainer: "/moby.buildkit.v1.frontend.LLBBridge/ReadDirContainer",
  statFileContainer: "/moby.buildkit.v1.frontend.LLBBridge/StatFileContainer",
  warn: "/moby.buildkit.v1.frontend.LLBBridge/Warn",
} as const;

/** A result that the engine keeps, by a name of its own. */
export const Ref = message({
  id: field(1, string),
  definition: optional(2, Definition),
});
export type Ref = Value<typeof Ref>;

/** Results by platform. */
export const RefMap = message({
  refs: map(1, Ref),
});
export type RefMap = Value<typeof RefMap>;

export const OldRefMap = message({
  refs: map(1, string),
});
export type OldRefMap = Value<typeof OldRefMap>;

export const InTotoSubject = message({
  /** 0 itself, 1 as given. */
  kind: field(1, int32),
  digest: repeated(2, string),
  name: field(3, string),
});
export type InTotoSubject = Value<typeof InTotoSubject>;

export const Attestation = message({
  /** 0 in-toto, 1 bundle. */
  kind: field(1, int32),
  metadata: map(2, bytes),
  ref: optional(3, Ref),
  path: field(4, string),
  inTotoPredicateType: field(5, string),
  inTotoSubjects: repeated(6, InTotoSubject),
});
export type Attestation = Value<typeof Attestation>;

export const Attestations = message({
  attestations: repeated(1, Attestation),
});
export type Attestations = Value<typeof Attestations>;

/** What a frontend made: one result or one for each platform, in one of its four first fields. */
export const Result = message({
  oldRef: optional(1, string),
  oldRefs: optional(2, OldRefMap),
  ref: optional(3, Ref),
  refs: optional(4, RefMap),
  metadata: map(10, bytes),
  attestations: map(12, Attestations),
});
export type Result = Value<typeof Result>;

export const PingRequest = message({});
export type PingRequest = Value<typeof PingRequest>;

export const PongResponse = message({
  frontendCaps: repeated(1, ApiCap),
  llbCaps: repeated(2, ApiCap),
  workers: repeated(3, WorkerRecord),
});
export type PongResponse = Value<typeof PongResponse>;

export const GatewaySolveRequest = message({
  definition: optional(1, Definition),
  frontend: field(2, string),
  frontendOpt: map(3, string),
  allowResultReturn: field(5, bool),
  allowResultArrayRef: field(6, bool),
  final: field(10, bool),
  exporterAttr: field(11, bytes),
  cacheImports: repeated(12, Typed),
  frontendInputs: map(13, Definition),
  evaluate: field(14, bool),
  sourcePolicies: repeated(15, Policy),
});
export type GatewaySolveRequest = Value<typeof GatewaySolveRequest>;

export const GatewaySolveResponse = message({
  oldRef: field(1, string),
  result: optional(3, Result),
});
export type GatewaySolveResponse = Value<typeof GatewaySolveResponse>;

export const ReturnRequest = message({
  result: optional(1, Result),
  error: optional(2, RpcStatus),
});
export type ReturnRequest = Value<typeof ReturnRequest>;

export const ReturnResponse = message({});
export type ReturnResponse = Value<typeof ReturnResponse>;

export const EvaluateRequest = message({
  ref: field(1, string),
});
export type EvaluateRequest = Value<typeof EvaluateRequest>;

export const EvaluateResponse = message({});
export type EvaluateResponse = Value<typeof EvaluateResponse>;

export const InputsRequest = message({});
export type InputsRequest = Value<typeof InputsRequest>;

export const InputsResponse = message({
  definitions: map(1, Definition),
});
export type InputsResponse = Value<typeof InputsResponse>;

export const ByteRange = message({
  offset: field(1, int64),
  length: field(2, int64),
});
export type ByteRange = Value<typeof ByteRange>;

export const ReadFileRequest = message({
  ref: field(1, string),
  filePath: field(2, string),
  range: optional(3, ByteRange),
  mountIndex: field(4, int32),
});
export type ReadFileRequest = Value<typeof ReadFileRequest>;

export const ReadFileResponse = message({
  data: field(1, bytes),
});
export type ReadFileResponse = Value<typeof ReadFileResponse>;

export const ReadDirRequest = message({
  ref: field(1, string),
  dirPath: field(2, string),
  includePattern: field(3, string),
  mountIndex: field(4, int32),
});
export type ReadDirRequest = Value<typeof ReadDirRequest>;

export const ReadDirResponse = message({
  entries: repeated(1, Stat),
});
export type ReadDirResponse = Value<typeof ReadDirResponse>;

export const StatFileRequest = message({
  ref: field(1, string),
  path: field(2, string),
  mountIndex: field(3, int32),
});
export type StatFileRequest = Value<typeof StatFileRequest>;

export const StatFileResponse = message({
  stat: optional(1, Stat),
});
export type StatFileResponse = Value<typeof StatFileResponse>;

export const ResolveImageConfigRequest = message({
  ref: field(1, string),
  platform: optional(2, Platform),
  resolveMode: field(3, string),
  logName: field(4, string),
  /** 0 a registry, 1 a layout of the session. */
  resolverType: field(5, int32),
  sessionId: field(6, string),
  storeId: field(7, string),
  sourcePolicies: repeated(8, Policy),
});
export type ResolveImageConfigRequest = Value<typeof ResolveImageConfigRequest>;

export const ResolveImageConfigResponse = message({
  digest: field(1, string),
  config: field(2, bytes),
  ref: field(3, string),
});
export type ResolveImageConfigResponse = Value<typeof ResolveImageConfigResponse>;

export const WarnRequest = message({
  digest: field(1, string),
  level: field(2, int64),
  short: field(3, bytes),
  detail: repeated(4, bytes),
  url: field(5, string),
  info: optional(6, SourceInfo),
  ranges: repeated(7, Range),
});
export type WarnRequest = Value<typeof WarnRequest>;

export const WarnResponse = message({});
export type WarnResponse = Value<typeof WarnResponse>;
