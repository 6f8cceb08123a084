import type { Typed } from "../../../api/buildkit/control.ts";
import { writeCaches } from "../../../builder/cache/write-caches.ts";
import type { Solved } from "../../../builder/solved.ts";
import { Code, GrpcError } from "../../../lib/grpc/status.ts";
import type { ServerDeps } from "../../deps.ts";
import type { ExporterResponse, Job } from "../jobs.ts";
import { layoutExporter } from "./archive.ts";
import type { Export, Exporter } from "./exporter.ts";
import { exportImage } from "./image.ts";
import { exportLocal } from "./local.ts";
import { exportTar } from "./tar.ts";

/** All that clients can have made of a build, by the names that BuildKit has for it. */
const exporters: ReadonlyMap<string, Exporter> = new Map([
  ["moby", exportImage],
  ["image", exportImage],
  ["oci", layoutExporter("oci")],
  ["docker", layoutExporter("docker")],
  ["local", exportLocal],
  ["tar", exportTar],
  ["cacheonly", () => async () => new Map()],
]);

/**
 * What a client asked to have made; those before buildx 0.13 name one exporter, in fields of its own. Throws for what
 * cannot be made.
 */
export function exportsOf({
  exporters: asked,
  oldExporter,
  oldExporterAttrs,
}: Pick<Job["request"], "exporters" | "oldExporter" | "oldExporterAttrs">): Export[] {
  const all = asked.length === 0 && oldExporter !== "" ? [{ type: oldExporter, attrs: oldExporterAttrs }] : asked;
  return all.map(({ type, attrs }: Typed) => {
    const exporter = exporters.get(type);
    if (!exporter) throw new GrpcError(Code.unknown, `exporter ${JSON.stringify(type)} could not be found`);
    return exporter(attrs);
  });
}

/** Makes of a build all that its client asked for, and writes its caches. */
export async function exportAll(deps: ServerDeps, job: Job, solved: Solved): Promise<ExporterResponse> {
  const response: ExporterResponse = new Map();
  for (const [index, each] of exportsOf(job.request).entries())
    for (const [key, value] of await each({ deps, job, solved, index })) response.set(key, value);
  const work = { ...solved, steps: [...solved.used.values()] };
  for (const manifest of await writeCaches(deps.build, deps.remote, solved.events, work))
    response.set("cache.manifest", JSON.stringify(manifest));
  return response;
}
