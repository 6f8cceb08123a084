/** Builds that were, in `moby.buildkit.v1.Control`. */

import { RpcStatus } from "../../lib/grpc/status.ts";
import { bool, field, int32, int64, map, message, optional, repeated, string, type Value } from "../../lib/protobuf.ts";
import { Typed } from "./control.ts";
import { Timestamp } from "./timestamp.ts";

/** What a blob is. */
export const Descriptor = message({
  mediaType: field(1, string),
  digest: field(2, string),
  size: field(3, int64),
  annotations: map(5, string),
});
export type Descriptor = Value<typeof Descriptor>;

/** A result by its number. */
export const NumberedResult = message({
  number: field(1, int64),
  descriptor: optional(2, Descriptor),
});
export type NumberedResult = Value<typeof NumberedResult>;

export const BuildResultInfo = message({
  oldResult: optional(1, Descriptor),
  attestations: repeated(2, Descriptor),
  results: repeated(3, NumberedResult),
});
export type BuildResultInfo = Value<typeof BuildResultInfo>;

export const BuildHistoryRequest = message({
  activeOnly: field(1, bool),
  ref: field(2, string),
  earlyExit: field(3, bool),
  filter: repeated(4, string),
  limit: field(5, int32),
});
export type BuildHistoryRequest = Value<typeof BuildHistoryRequest>;

export const BuildHistoryRecord = message({
  ref: field(1, string),
  frontend: field(2, string),
  frontendAttrs: map(3, string),
  exporters: repeated(4, Typed),
  error: optional(5, RpcStatus),
  createdAt: optional(6, Timestamp),
  completedAt: optional(7, Timestamp),
  logs: optional(8, Descriptor),
  exporterResponse: map(9, string),
  result: optional(10, BuildResultInfo),
  results: map(11, BuildResultInfo),
  generation: field(12, int32),
  trace: optional(13, Descriptor),
  pinned: field(14, bool),
  numCachedSteps: field(15, int32),
  numTotalSteps: field(16, int32),
  numCompletedSteps: field(17, int32),
  externalError: optional(18, Descriptor),
  numWarnings: field(19, int32),
});
export type BuildHistoryRecord = Value<typeof BuildHistoryRecord>;

export const BuildHistoryEventType = { started: 0, complete: 1, deleted: 2 } as const;

export const BuildHistoryEvent = message({
  /** One of {@link BuildHistoryEventType}. */
  type: field(1, int32),
  record: optional(2, BuildHistoryRecord),
});
export type BuildHistoryEvent = Value<typeof BuildHistoryEvent>;

export const UpdateBuildHistoryRequest = message({
  ref: field(1, string),
  pinned: field(2, bool),
  delete: field(3, bool),
  finalize: field(4, bool),
});
export type UpdateBuildHistoryRequest = Value<typeof UpdateBuildHistoryRequest>;

export const UpdateBuildHistoryResponse = message({});
export type UpdateBuildHistoryResponse = Value<typeof UpdateBuildHistoryResponse>;
