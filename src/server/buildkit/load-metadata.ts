import type { Plan } from "../../builder/plan/plan.ts";
import { resolveImage } from "../../image/resolve.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { ServerDeps } from "../deps.ts";
import type { Progress } from "./progress.ts";

/** Tells of the base images that are here and that what is said of a Dockerfile goes by. */
export function loadMetadata({ build }: Pick<ServerDeps, "build">, plans: readonly Plan[], progress: Progress): void {
  const told = new Set<string>();
  for (const { stages, reachable } of plans) {
    for (const index of reachable) {
      const stage = stages[index];
      if (stage?.base.kind !== "image") continue;
      try {
        resolveImage(build.images, stage.base.ref, { platform: stage.platform });
      } catch {
        // One that is not here is not asked of a registry: what it brings stays unknown.
        continue;
      }
      const name = fullString(withDefaultTag(parseReference(stage.base.ref)));
      if (told.has(name)) continue;
      told.add(name);
      progress.step(`[internal] load metadata for ${name}`).done();
    }
  }
}
