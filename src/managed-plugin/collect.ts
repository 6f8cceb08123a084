import { collectBlob } from "../image/collect/collect.ts";
import type { ManagedPluginDeps } from "./deps.ts";

/** Removes those blobs of a plugin that is gone which nothing else needs. */
export async function collectPluginBlobs({ images }: ManagedPluginDeps, blobs: readonly string[]): Promise<void> {
  for (const digest of blobs) await collectBlob(images, digest);
}
