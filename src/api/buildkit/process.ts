/** Containers that a frontend runs things in: `LLBBridge/NewContainer` and `ExecProcess`. */

import { RpcStatus } from "../../lib/grpc/status.ts";
import {
  bool,
  bytes,
  field,
  int32,
  message,
  optional,
  repeated,
  string,
  uint32,
  type Value,
} from "../../lib/protobuf.ts";
import { HostIp, Mount, Platform, ProcessMeta, SecretEnv, WorkerConstraints } from "./llb.ts";

export const NewContainerRequest = message({
  containerId: field(1, string),
  mounts: repeated(2, Mount),
  network: field(3, int32),
  platform: optional(4, Platform),
  constraints: optional(5, WorkerConstraints),
  extraHosts: repeated(6, HostIp),
  hostname: field(7, string),
});
export type NewContainerRequest = Value<typeof NewContainerRequest>;

export const NewContainerResponse = message({});
export type NewContainerResponse = Value<typeof NewContainerResponse>;

export const ReleaseContainerRequest = message({
  containerId: field(1, string),
});
export type ReleaseContainerRequest = Value<typeof ReleaseContainerRequest>;

export const ReleaseContainerResponse = message({});
export type ReleaseContainerResponse = Value<typeof ReleaseContainerResponse>;

export const ProcessInit = message({
  containerId: field(1, string),
  meta: optional(2, ProcessMeta),
  fds: repeated(3, uint32),
  tty: field(4, bool),
  security: field(5, int32),
  secretEnv: repeated(6, SecretEnv),
});
export type ProcessInit = Value<typeof ProcessInit>;

export const ProcessExit = message({
  code: field(1, uint32),
  error: optional(2, RpcStatus),
});
export type ProcessExit = Value<typeof ProcessExit>;

/** Bytes of one of a process's descriptors. */
export const ProcessData = message({
  fd: field(1, uint32),
  eof: field(2, bool),
  data: field(3, bytes),
});
export type ProcessData = Value<typeof ProcessData>;

export const ProcessResize = message({
  rows: field(1, uint32),
  cols: field(2, uint32),
});
export type ProcessResize = Value<typeof ProcessResize>;

export const ProcessSignal = message({
  name: field(1, string),
});
export type ProcessSignal = Value<typeof ProcessSignal>;

export const ProcessStarted = message({});
export type ProcessStarted = Value<typeof ProcessStarted>;

export const ProcessDone = message({});
export type ProcessDone = Value<typeof ProcessDone>;

/** One of its fields but the first says what it is about. */
export const ExecMessage = message({
  processId: field(1, string),
  init: optional(2, ProcessInit),
  file: optional(3, ProcessData),
  resize: optional(4, ProcessResize),
  started: optional(5, ProcessStarted),
  exit: optional(6, ProcessExit),
  done: optional(7, ProcessDone),
  signal: optional(8, ProcessSignal),
});
export type ExecMessage = Value<typeof ExecMessage>;
