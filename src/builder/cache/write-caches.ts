import { Lease } from "../../image/collect/lease.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildEvents } from "../events.ts";
import { sendToClient } from "../session/client-blobs.ts";
import { cacheConfigType } from "./document.ts";
import { type CacheExport, exportCache } from "./export.ts";

/** How long a cache that a client is to fetch waits for it. */
const keepMs = 10 * 60 * 1000;

/**
 * Writes the caches that a build was asked for, and tells of it. Returns those that are for the client: it has them
 * where it has a store for them, else it fetches them.
 */
export async function writeCaches(
  deps: BuilderDeps,
  remote: RemoteDeps,
  events: BuildEvents,
  work: Omit<CacheExport, "spec" | "tell" | "lease">,
): Promise<Descriptor[]> {
  const given: Descriptor[] = [];
  for (const [index, spec] of work.request.cacheTo.entries()) {
    if (spec.type === "inline") continue;
    const id = `cache.${index}`;
    const target = spec.type === "registry" ? (spec.attributes.get("ref") ?? "") : "client directory";
    const text = `exporting cache to ${target}`;
    events.emit({ kind: "step", step: { id, stage: "", stageIndex: -1, number: 0, total: 0, text } });
    events.emit({ kind: "started", id, at: Date.now() });
    try {
      await using lease = new Lease(deps.images);
      const tell = (status: string) => events.emit({ kind: "status", id, text: status });
      const { manifest, blobs } = await exportCache(deps, remote, { ...work, spec, lease, tell });
      if (spec.type === "local") {
        const client = work.request.session.blobs({ kind: "cache", name: spec.attributes.get("dest") ?? "" });
        if (!client) lease.keepAfterwards(keepMs);
        else
          for (const blob of [...blobs, manifest]) {
            await sendToClient(deps.images, client, [blob]);
            tell(`writing ${blob === manifest ? "cache image manifest" : kindOf(blob)} ${blob.digest}`);
          }
        given.push(manifest);
      }
      events.emit({ kind: "done", id, at: Date.now() });
    } catch (error) {
      if (spec.attributes.get("ignore-error") !== "true" || work.signal.aborted) {
        events.emit({ kind: "failed", id, message: errorMessage(error) });
        throw error;
      }
      events.emit({ kind: "done", id, at: Date.now() });
      events.emit({ kind: "warning", rule: "CacheTo", message: errorMessage(error), line: 0 });
    }
  }
  return given;
}

const kindOf = ({ mediaType }: Descriptor) => (mediaType === cacheConfigType ? "config" : "layer");
