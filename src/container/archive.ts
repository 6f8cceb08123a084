import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** `mode` is a number of Go's os.FileMode; `mtime` RFC 3339. */
export interface PathStat { name: string; size: number; mode: number; mtime: string; linkTarget: string }
export async function statArchive(_ctx: ContainerContext, ref: string, path: string): Promise<PathStat> {
  throw notImplemented("not implemented yet");
}

export async function getArchive(_ctx: ContainerContext, ref: string, path: string): Promise<{ stat: PathStat; tar: ReadableStream<Uint8Array> }> {
  throw notImplemented("not implemented yet");
}

export async function putArchive(_ctx: ContainerContext, ref: string, options: { path: string; noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean }, body: AsyncIterable<Uint8Array>): Promise<void> {
  throw notImplemented("not implemented yet");
}
