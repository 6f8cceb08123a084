/** Blobs by their digests: `containerd.services.content.v1.Content`. */
import {
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
import { Timestamp } from "./timestamp.ts";

export const contentPaths = {
  info: "/containerd.services.content.v1.Content/Info",
  update: "/containerd.services.content.v1.Content/Update",
  list: "/containerd.services.content.v1.Content/List",
  delete: "/containerd.services.content.v1.Content/Delete",
  read: "/containerd.services.content.v1.Content/Read",
  status: "/containerd.services.content.v1.Content/Status",
  listStatuses: "/containerd.services.content.v1.Content/ListStatuses",
  write: "/containerd.services.content.v1.Content/Write",
  abort: "/containerd.services.content.v1.Content/Abort",
} as const;

/** google.protobuf.Empty. */
export const Empty = message({});
export type Empty = Value<typeof Empty>;

export const ContentInfo = message({
  digest: field(1, string),
  size: field(2, int64),
  createdAt: optional(3, Timestamp),
  updatedAt: optional(4, Timestamp),
  labels: map(5, string),
});
export type ContentInfo = Value<typeof ContentInfo>;

export const ContentInfoRequest = message({
  digest: field(1, string),
});
export type ContentInfoRequest = Value<typeof ContentInfoRequest>;

export const ContentInfoResponse = message({
  info: optional(1, ContentInfo),
});
export type ContentInfoResponse = Value<typeof ContentInfoResponse>;

/** google.protobuf.FieldMask. */
export const FieldMask = message({
  paths: repeated(1, string),
});
export type FieldMask = Value<typeof FieldMask>;

export const UpdateContentRequest = message({
  info: optional(1, ContentInfo),
  updateMask: optional(2, FieldMask),
});
export type UpdateContentRequest = Value<typeof UpdateContentRequest>;

export const UpdateContentResponse = message({
  info: optional(1, ContentInfo),
});
export type UpdateContentResponse = Value<typeof UpdateContentResponse>;

export const ListContentRequest = message({
  filters: repeated(1, string),
});
export type ListContentRequest = Value<typeof ListContentRequest>;

export const ListContentResponse = message({
  info: repeated(1, ContentInfo),
});
export type ListContentResponse = Value<typeof ListContentResponse>;

export const DeleteContentRequest = message({
  digest: field(1, string),
});
export type DeleteContentRequest = Value<typeof DeleteContentRequest>;

export const ReadContentRequest = message({
  digest: field(1, string),
  offset: field(2, int64),
  size: field(3, int64),
});
export type ReadContentRequest = Value<typeof ReadContentRequest>;

export const ReadContentResponse = message({
  offset: field(1, int64),
  data: field(2, bytes),
});
export type ReadContentResponse = Value<typeof ReadContentResponse>;

export const ContentStatus = message({
  startedAt: optional(1, Timestamp),
  updatedAt: optional(2, Timestamp),
  ref: field(3, string),
  offset: field(4, int64),
  total: field(5, int64),
  expected: field(6, string),
});
export type ContentStatus = Value<typeof ContentStatus>;

export const ContentStatusRequest = message({
  ref: field(1, string),
});
export type ContentStatusRequest = Value<typeof ContentStatusRequest>;

export const ContentStatusResponse = message({
  status: optional(1, ContentStatus),
});
export type ContentStatusResponse = Value<typeof ContentStatusResponse>;

export const ListStatusesRequest = message({
  filters: repeated(1, string),
});
export type ListStatusesRequest = Value<typeof ListStatusesRequest>;

export const ListStatusesResponse = message({
  statuses: repeated(1, ContentStatus),
});
export type ListStatusesResponse = Value<typeof ListStatusesResponse>;

export const WriteAction = { stat: 0, write: 1, commit: 2 } as const;

export const WriteContentRequest = message({
  /** One of {@link WriteAction}. */
  action: field(1, int32),
  ref: field(2, string),
  total: field(3, int64),
  expected: field(4, string),
  offset: field(5, int64),
  data: field(6, bytes),
  labels: map(7, string),
});
export type WriteContentRequest = Value<typeof WriteContentRequest>;

export const WriteContentResponse = message({
  action: field(1, int32),
  startedAt: optional(2, Timestamp),
  updatedAt: optional(3, Timestamp),
  offset: field(4, int64),
  total: field(5, int64),
  digest: field(6, string),
});
export type WriteContentResponse = Value<typeof WriteContentResponse>;

export const AbortContentRequest = message({
  ref: field(1, string),
});
export type AbortContentRequest = Value<typeof AbortContentRequest>;
