import type { Call } from "../http/route.ts";
import { json } from "./answers.ts";

/**
 * GET /healthz: 200 while the registry takes work, 503 once it is stopping, or its books or its storage cannot be
 * reached.
 */
export async function getHealth({ deps }: Call): Promise<Response> {
  if (deps.draining()) return json({ status: "stopping" }, { "Cache-Control": "no-store" }, 503);
  deps.db.query("SELECT 1 FROM repository LIMIT 1").get();
  await deps.storage.check?.();
  return json({ status: "ok" }, { "Cache-Control": "no-store" });
}

/** GET /metrics, for Prometheus. */
export function getMetrics({ deps }: Call): Response {
  const stored = deps.db
    .query<{ blobs: number; bytes: number }, []>("SELECT count(*) AS blobs, coalesce(sum(size), 0) AS bytes FROM blob")
    .get();
  const count = (table: "repository" | "manifest" | "tag" | "upload") =>
    deps.db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  const text = deps.metrics.render({
    berth_registry_blobs: ["Blobs in storage.", stored?.blobs ?? 0],
    berth_registry_stored_bytes: ["Bytes of blobs in storage.", stored?.bytes ?? 0],
    berth_registry_repositories: ["Repositories.", count("repository")],
    berth_registry_manifests: ["Manifests.", count("manifest")],
    berth_registry_tags: ["Tags.", count("tag")],
    berth_registry_uploads: ["Unfinished uploads.", count("upload")],
    process_resident_memory_bytes: ["Resident memory.", process.memoryUsage.rss()],
  });
  return new Response(text, { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" } });
}
