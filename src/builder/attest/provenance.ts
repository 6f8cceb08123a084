import type { Platform } from "../../oci/image.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { predefinedArgs } from "../plan/variables.ts";
import type { BuildRequest } from "../request.ts";
import type { ProvenanceVersion } from "./spec.ts";
import { digestSet } from "./statement.ts";

/** Predicate types of SLSA provenance (slsa.dev). */
export const provenanceTypes = {
  "v0.2": "https://slsa.dev/provenance/v0.2",
  v1: "https://slsa.dev/provenance/v1",
} as const satisfies Record<ProvenanceVersion, string>;

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
  version: ProvenanceVersion;
}

/**
 * The predicate of SLSA provenance. `min` tells neither arguments nor the Dockerfile, which may hold what is nobody's
 * business.
 */
export function provenance(facts: ProvenanceFacts): unknown {
  return facts.version === "v1" ? provenanceV1(facts) : provenanceV02(facts);
}

/** As BuildKit has it, by its names; of the graph that it has besides nothing is told. */
function provenanceV02(facts: ProvenanceFacts): unknown {
  const { request, invocation, startedAt, finishedAt, mode } = facts;
  const { target, noCache, extraHosts, network } = request;
  const { secrets, agents } = request.offered;
  const args = {
    ...(target && { target }),
    ...(noCache && { "no-cache": "" }),
    ...(extraHosts.length > 0 && { "add-hosts": extraHosts.map((each) => each.replace(":", "=")).join(",") }),
    ...(network && { "force-network-mode": network }),
    ...(mode === "max" && argsAndLabels(request)),
  };
  const source = {
    infos: [
      {
        filename: request.dockerfileName,
        language: "Dockerfile",
        data: Buffer.from(request.dockerfile).toString("base64"),
      },
    ],
  };
  return {
    builder: { id: "" },
    buildType: "https://mobyproject.org/buildkit@v1",
    ...(facts.materials.size > 0 && { materials: dependencies(facts) }),
    invocation: {
      configSource: { ...(request.remote && { uri: request.remote }), entryPoint: request.dockerfileName },
      parameters: {
        frontend: "dockerfile.v0",
        ...(Object.keys(args).length > 0 && { args }),
        ...(mode === "max" && secrets.length > 0 && { secrets: optional(secrets) }),
        ...(mode === "max" && agents.length > 0 && { ssh: optional(agents) }),
        ...(!request.remote && { locals: [{ name: "context" }, { name: "dockerfile" }] }),
      },
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    metadata: {
      buildInvocationID: invocation,
      buildStartedOn: startedAt.toISOString(),
      buildFinishedOn: finishedAt.toISOString(),
      completeness: { parameters: mode === "max", environment: true, materials: false },
      reproducible: false,
      "https://mobyproject.org/buildkit@v1#metadata": mode === "max" ? { source } : {},
    },
  };
}

function provenanceV1(facts: ProvenanceFacts): unknown {
  const { request, platform, invocation, startedAt, finishedAt, mode } = facts;
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
            ...(mode === "max" && argsAndLabels(request)),
          },
          ...(mode === "max" && {
            secrets: optional(request.offered.secrets),
            ssh: optional(request.offered.agents),
          }),
        },
      },
      internalParameters: {
        builderPlatform: formatPlatform(hostPlatform()),
        ...(mode === "max" && { dockerfile: Buffer.from(request.dockerfile).toString("base64") }),
      },
      resolvedDependencies: dependencies(facts),
    },
    runDetails: {
      builder: { id: "" },
      metadata: { invocationId: invocation, startedOn: startedAt.toISOString(), finishedOn: finishedAt.toISOString() },
    },
  };
}

function argsAndLabels({ buildArgs, labels }: BuildRequest): Record<string, string> {
  const args = Object.entries(buildArgs)
    .filter(([name]) => !predefinedArgs.has(name))
    .map(([name, value]) => [`build-arg:${name}`, value]);
  return Object.fromEntries([...args, ...Object.entries(labels).map(([name, value]) => [`label:${name}`, value])]);
}

const optional = (ids: readonly string[]) => ids.map((id) => ({ id, optional: true }));

const dependencies = ({ materials }: ProvenanceFacts) =>
  [...materials].sort(([a], [b]) => (a < b ? -1 : 1)).map(([uri, digest]) => ({ uri, digest: digestSet(digest) }));

/** How an image is named in package URLs: `pkg:docker/busybox@latest?platform=linux%2Famd64`. */
export function imageUri(name: string, platform: Platform): string {
  const [, repository = name, tag = "latest"] = /^(.*?)(?::([^/:]+))?$/.exec(name.replace(/@.*$/, "")) ?? [];
  return `pkg:docker/${repository}@${tag}?platform=${encodeURIComponent(formatPlatform(platform))}`;
}

/** How an image of a layout is named in package URLs: `pkg:oci/base?digest=sha256:ab…&platform=linux%2Famd64`. */
export function layoutUri(name: string, digest: string, platform: Platform): string {
  return `pkg:oci/${name}?digest=${digest}&platform=${encodeURIComponent(formatPlatform(platform))}`;
}
