import { conflict } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { findContainer } from "./lookup.ts";
import { useRootfs } from "./rootfs-use.ts";
import { untilRead } from "./stream-end.ts";

/** The container's whole root filesystem as an archive, without what is mounted into it. */
export async function exportContainer(ctx: ContainerContext, ref: string): Promise<ReadableStream<Uint8Array>> {
  const c = findContainer(ctx, ref);
  if (c.state.phase === "dead") throw conflict(`You cannot export container ${c.id} which is Dead`);
  if (c.state.phase === "removing") throw conflict(`You cannot export container ${c.id} which is being removed`);
  const rootfs = await useRootfs(ctx, c);
  const stream = ctx.images.archiver.pack(rootfs.path);
  publish(ctx, c, "export");
  return untilRead(stream, () => rootfs[Symbol.asyncDispose]());
}
