import { conflict } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer } from "../lookup.ts";
import { untilRead } from "../streams/stream-end.ts";
import { archived } from "./archive.ts";
import { useRootfs } from "./rootfs-use.ts";

/** The container's whole root filesystem as an archive, without what is mounted into it. */
export async function exportContainer(deps: ContainerDeps, ref: string): Promise<ReadableStream<Uint8Array>> {
  const c = findContainer(deps, ref);
  if (c.state.phase === "dead") throw conflict(`You cannot export container ${c.id} which is Dead`);
  if (c.state.phase === "removing") throw conflict(`You cannot export container ${c.id} which is being removed`);
  const rootfs = await useRootfs(deps, c);
  const stream = deps.images.archiver.pack(rootfs.path, archived(deps, c));
  publish(deps, c, "export");
  return untilRead(stream, () => rootfs[Symbol.asyncDispose]());
}
