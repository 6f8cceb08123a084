import type { Platform } from "../../oci/image.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { predefinedArgs } from "../plan/variables.ts";
import type { BuildRequest } from "../request.ts";
import { digestSet } from "./statement.ts";

/** Predicate type of SLSA provenance, version 1 (slsa.dev). */
export const provenanceType = "https://slsa.dev/provenance/v1";

/** What a build took from outside: an image (`pkg:docker/…`), a URL, a git repository. By URI, its digest or commit. */
export type Materials = ReadonlyMap<string, string>;

/** What a provenance says. `materials`: what went into the build; `mode`: `max` tells more than `min`. */
export interface ProvenanceFacts {
  request: BuildRequest;
  platform: Platform;
  materials: Materials;
  invocation: string;
  startedAt: Date;
  finishedAt: Date;
  mode: "min" | "max";
}

/**
 * The predicate of SLSA provenance v1. `min` tells neither arguments nor the Dockerfile, which may hold what is
 * nobody's business.
 */
export function provenance({
  request,
  platform,
  materials,
  invocation,
  startedAt,
  finishedAt,
  mode,
}: ProvenanceFacts): unknown {
  const args = Object.entries(request.buildArgs)
    .filter(([name]) => !predefinedArgs.has(name))
    .map(([name, value]) => [`build-arg:${name}`, value]);
  const labels = Object.entries(request.labels).map(([name, value]) => [`label:${name}`, value]);
  return {
    buildDefinition: {
      buildType: "urn:berth:dockerfile:v1",
      externalParameters: {
        configSource: { path: request.dockerfileName, ...(request.remote && { uri: request.remote }) },
        request: {
          frontend: "dockerfile.v0",
          args: {
            ...(request.target && { target: request.target }),
            platform: formatPlatform(platform),
            ...(mode === "max" && Object.fromEntries([...args, ...labels])),
          },
          ...(mode === "max" && {
            secrets: request.offered.secrets.map((id) => ({ id, optional: true })),
            ssh: request.offered.agents.map((id) => ({ id, optional: true })),
          }),
        },
      },
      internalParameters: {
        builderPlatform: formatPlatform(hostPlatform()),
        ...(mode === "max" && { dockerfile: Buffer.from(request.dockerfile).toString("base64") }),
      },
      resolvedDependencies: [...materials]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([uri, digest]) => ({ uri, digest: digestSet(digest) })),
    },
    runDetails: {
      builder: { id: "" },
      metadata: { invocationId: invocation, startedOn: startedAt.toISOString(), finishedOn: finishedAt.toISOString() },
    },
  };
}

/** How an image is named in package URLs: `pkg:docker/busybox@latest?platform=linux%2Famd64`. */
export function imageUri(name: string, platform: Platform): string {
  const [, repository = name, tag = "latest"] = /^(.*?)(?::([^/:]+))?$/.exec(name.replace(/@.*$/, "")) ?? [];
  return `pkg:docker/${repository}@${tag}?platform=${encodeURIComponent(formatPlatform(platform))}`;
}
