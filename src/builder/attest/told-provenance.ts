import type { Platform } from "../../oci/image.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { BuildRequest } from "../request.ts";
import type { Materials } from "./provenance.ts";
import { digestSet } from "./statement.ts";

/** Predicate type of SLSA provenance, version 0.2, which clients of BuildKit read. */
export const toldProvenanceType = "https://slsa.dev/provenance/v0.2";

/** The predicate that clients are told after a build: what went into it, without arguments. */
export function toldProvenance(request: BuildRequest, platform: Platform, materials: Materials): unknown {
  return {
    builder: { id: "" },
    buildType: "https://mobyproject.org/buildkit@v1",
    ...(materials.size > 0 && {
      materials: [...materials]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([uri, digest]) => ({ uri, digest: digestSet(digest) })),
    }),
    invocation: {
      configSource: { ...(request.remote && { uri: request.remote }), entryPoint: request.dockerfileName },
      parameters: {
        frontend: "dockerfile.v0",
        ...(!request.remote && { locals: [{ name: "context" }, { name: "dockerfile" }] }),
      },
      environment: { platform: formatPlatform(platform) },
    },
  };
}
