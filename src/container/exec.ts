import type { Attachment } from "./attachment.ts";
import type { ProcessConfig } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** Body of `POST /containers/{id}/exec`. */
export interface ExecConfig { AttachStdin?: boolean | null; AttachStdout?: boolean | null; AttachStderr?: boolean | null; ConsoleSize?: number[] | null; DetachKeys?: string | null; Tty?: boolean | null; Env?: string[] | null; Cmd?: string[] | null; Privileged?: boolean | null; User?: string | null; WorkingDir?: string | null }
export interface ExecInspect { ID: string; Running: boolean; ExitCode: number | null; ProcessConfig: ProcessConfig; OpenStdin: boolean; OpenStderr: boolean; OpenStdout: boolean; CanRemove: boolean; ContainerID: string; DetachKeys: string; Pid: number }
export async function createExec(_ctx: ContainerContext, ref: string, config: ExecConfig): Promise<{ Id: string }> {
  throw notImplemented("not implemented yet");
}

/** null when detached. */
export async function startExec(_ctx: ContainerContext, id: string, options: { Detach?: boolean | null; Tty?: boolean | null; ConsoleSize?: number[] | null }): Promise<Attachment | null> {
  throw notImplemented("not implemented yet");
}

export async function resizeExec(_ctx: ContainerContext, id: string, size: { height: number; width: number }): Promise<void> {
  throw notImplemented("not implemented yet");
}

export async function inspectExec(_ctx: ContainerContext, id: string): Promise<ExecInspect> {
  throw notImplemented("not implemented yet");
}
