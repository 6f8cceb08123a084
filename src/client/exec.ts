/** `/containers/{id}/exec`, `/exec/*`. */
import type { IDResponse, ProcessConfig } from "../api/types/container.ts";
import type { Client, Hijacked } from "./client.ts";
import { pathPart } from "./path.ts";

/** Body of `POST /containers/{id}/exec`: what to run in a container, and which of its streams will be attached. */
export interface ExecCreate {
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  /** Height, width. */
  ConsoleSize?: [number, number] | null;
  DetachKeys?: string;
  Tty?: boolean;
  Env?: readonly string[] | null;
  Cmd: readonly string[];
  Privileged?: boolean;
  User?: string;
  WorkingDir?: string;
  Detach?: boolean;
}

/**
 * Body of `POST /exec/{id}/start`. `Detach`: do not connect the streams; `ConsoleSize`: height, width; null: not set.
 */
export interface ExecStart {
  Detach: boolean;
  Tty: boolean;
  ConsoleSize?: [number, number] | null;
}

/** Answer of `GET /exec/{id}/json`. `ExitCode` is null until the process has ended; `Pid` as the host counts. */
export interface ExecInspect {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  ContainerID: string;
  Pid: number;
  ProcessConfig?: ProcessConfig;
}

/** Prepares a process in a running container; its id goes to the calls that start and inspect it. */
export function createExec(client: Client, container: string, config: ExecCreate): Promise<IDResponse> {
  return client.json("POST", `/containers/${pathPart("container", container)}/exec`, { json: config });
}

/** Starts a process made by {@link createExec} and does not wait for it; its streams are not connected. */
export async function startExecDetached(client: Client, id: string, start: ExecStart): Promise<void> {
  await client.text("POST", `/exec/${pathPart("exec", id)}/start`, { json: start });
}

/** Starts a process made by {@link createExec} and connects to its streams. */
export function startExec(client: Client, id: string, start: ExecStart): Promise<Hijacked> {
  return client.hijack(`/exec/${pathPart("exec", id)}/start`, { json: start });
}

/** The state of a process made by {@link createExec}, with its exit code once it has ended. */
export function inspectExec(client: Client, id: string): Promise<ExecInspect> {
  return client.json("GET", `/exec/${pathPart("exec", id)}/json`);
}

/** Sets the size of an exec's terminal, in rows (`height`) and columns (`width`). */
export async function resizeExec(
  client: Client,
  id: string,
  { height, width }: { height: number; width: number },
): Promise<void> {
  await client.text("POST", `/exec/${pathPart("exec", id)}/resize`, { query: { h: height, w: width } });
}
