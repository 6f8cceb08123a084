import type { RemoteDeps } from "../../image/remote/deps.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { writeCaches } from "../cache/write-caches.ts";
import type { BuilderDeps } from "../deps.ts";
import type { Solved } from "../solved.ts";
import { type BuildOutcome, exportImages } from "./export.ts";
import { squash } from "./squash.ts";

/**
 * Makes images of what was built, one for each platform, gives them their names, and writes the caches that were asked
 * for. `caches`: digests of those that wait to be fetched (`cache/layout.ts`).
 */
export async function exportBuild(
  deps: BuilderDeps,
  remote: RemoteDeps,
  { request, results, used, imported, materials, startedAt, events, lease, signal }: Solved,
): Promise<BuildOutcome & { caches: string[] }> {
  const stages = request.squash
    ? await Promise.all(results.map((stage) => squash(deps, stage, lease, signal)))
    : results;
  const outcome = await exportImages(
    deps,
    request,
    stages,
    [...used.values()],
    { materials, startedAt },
    lease,
    signal,
  );
  const given = await writeCaches(deps, remote, events, {
    steps: [...used.values()],
    results,
    imported,
    request,
    signal,
  });
  deps.log.debug("built an image", {
    id: outcome.id,
    platforms: outcome.images.map((image) => formatPlatform(image.platform)).join(","),
  });
  return { ...outcome, caches: given.map(({ digest }) => digest) };
}
