import type { OciImageConfigFile } from "../../oci/image.ts";
import { type CacheStep, inlineCacheField, stepRows } from "../cache/document.ts";
import type { BuildRequest } from "../request.ts";
import { imageConfig, type StageResult } from "../result.ts";
import { epochTime } from "../steps/clamp-times.ts";

/** What the image of a result says of itself, with what the build was asked to add to it. */
export function imageFile(request: BuildRequest, stage: StageResult, steps: readonly CacheStep[]): OciImageConfigFile {
  const labels = { ...stage.config.Labels, ...request.labels };
  const created = request.sourceDateEpoch === undefined ? stage.created : epochTime(request.sourceDateEpoch);
  return {
    ...imageConfig({
      ...stage,
      created,
      config: { ...stage.config, ...(Object.keys(labels).length > 0 && { Labels: labels }) },
    }),
    ...(request.inlineCache && {
      [inlineCacheField]: stepRows(steps).map(([key, chainId, diffId, text, at]) => [
        key,
        chainId,
        diffId,
        text,
        request.sourceDateEpoch === undefined ? at : "",
      ]),
    }),
  };
}
