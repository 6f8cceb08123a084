/** `/containers/{id}/exec`, `/exec/*`. */
import type { IDResponse, ProcessConfig } from "../api/types/container.ts";
import type { Client, Hijacked } from "./client.ts";
import { pathPart } from "./path.ts";

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

export interface ExecStart {
  Detach: boolean;
  Tty: boolean;
  ConsoleSize?: [number, number] | null;
}

export interface ExecInspect {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  ContainerID: string;
  Pid: number;
  ProcessConfig?: ProcessConfig;
}

export function createExec(client: Client, container: string, config: ExecCreate): Promise<IDResponse> {
  return client.json("POST", `/containers/${pathPart("container", container)}/exec`, { json: config });
}

/** Starts it and lets it run. */
export async function startExecDetached(client: Client, id: string, start: ExecStart): Promise<void> {
  await client.text("POST", `/exec/${pathPart("exec", id)}/start`, { json: start });
}

/** Starts it and attaches to its streams. */
export function startExec(client: Client, id: string, start: ExecStart): Promise<Hijacked> {
  return client.hijack(`/exec/${pathPart("exec", id)}/start`, { json: start });
}

export function inspectExec(client: Client, id: string): Promise<ExecInspect> {
  return client.json("GET", `/exec/${pathPart("exec", id)}/json`);
}

export async function resizeExec(client: Client, id: string, { height, width }: { height: number; width: number }): Promise<void> {
  await client.text("POST", `/exec/${pathPart("exec", id)}/resize`, { query: { h: height, w: width } });
}
