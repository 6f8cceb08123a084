import { errorMessage } from "../../lib/errors.ts";
import { Lease } from "../../image/lease.ts";
import type { RemoteContext } from "../../image/remote/remote-context.ts";
import type { BuildContext } from "../context.ts";
import type { BuildEvents } from "../events.ts";
import { exportCache, type CacheExport } from "./export.ts";

/** How long a cache that a client is to fetch waits for it. */
const keepMs = 10 * 60 * 1000;

/** Writes the caches that a build was asked for, and tells of it. Returns the digests of those that the client fetches. */
export async function writeCaches(ctx: BuildContext, remote: RemoteContext, events: BuildEvents, work: Omit<CacheExport, "spec" | "tell" | "lease">): Promise<string[]> {
  const kept: string[] = [];
  for (const [index, spec] of work.request.cacheTo.entries()) {
    if (spec.type === "inline") continue;
    const id = `cache.${index}`;
    const text = `exporting cache to ${spec.type === "registry" ? spec.attributes.get("ref") ?? "" : "client directory"}`;
    events.emit({ kind: "step", step: { id, stage: "", stageIndex: -1, number: 0, total: 0, text } });
    events.emit({ kind: "started", id, at: Date.now() });
    try {
      await using lease = new Lease(ctx.images);
      const { digest } = await exportCache(ctx, remote, { ...work, spec, lease, tell: (status) => events.emit({ kind: "status", id, text: status }) });
      if (spec.type === "local") {
        lease.keepAfterwards(keepMs);
        kept.push(digest);
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
  return kept;
}
