import type { ContainerConfig } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export interface CommitRequest { container: string; repo?: string; tag?: string; comment?: string; author?: string; pause?: boolean; changes?: string[]; config?: ContainerConfig | null }
export async function commitContainer(_ctx: ContainerContext, request: CommitRequest): Promise<{ Id: string }> {
  throw notImplemented("not implemented yet");
}
