import type { HostConfig, Resources } from "../api/types/container.ts";
import type { IgnorePatterns } from "../lib/ignore-patterns.ts";
import type { Platform } from "../oci/image.ts";
import type { AttestRequest } from "./attest/spec.ts";
import type { CacheSpec } from "./cache/spec.ts";
import type { Annotation } from "./export/annotations.ts";
import type { BuildSession, OpenContext } from "./session/session.ts";
import type { NamedContext } from "./source/named-contexts.ts";
import type { FailedCommands } from "./steps/failed-commands.ts";

/** A build as it was asked for: its contexts are still where they are. */
export interface AskedBuild
  extends Omit<BuildRequest, "dockerfile" | "dockerfileName" | "context" | "ignore" | "contexts"> {
  /** Within the context. */
  dockerfilePath: string;
  /** `--build-context`: where they are, by name. */
  contexts: Readonly<Record<string, string>>;
}

/** A build that can begin. What the wire calls it: Docker's `POST /build`. */
export interface BuildRequest {
  dockerfile: string;
  /** Its name, for messages. */
  dockerfileName: string;
  /** The build context; one that the client has is got anew by each call. */
  context: OpenContext;
  /** What is left out of it, where that is known. */
  ignore: () => Promise<IgnorePatterns | undefined>;
  /** Where the context came from, when the engine fetched it itself. */
  remote: string;
  /** `--build-context`: other trees by name; images are given as `docker-image://ref`. */
  contexts: ReadonlyMap<string, NamedContext>;
  target: string;
  buildArgs: Readonly<Record<string, string>>;
  /** Of all that were given, those without a value as well. */
  buildArgNames: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** Names for the result. */
  tags: string[];
  /** Empty: this machine's. Several: an image each, behind one index. */
  platforms: Platform[];
  noCache: boolean;
  /** Stages whose cache is not used. */
  noCacheFilter: ReadonlySet<string>;
  /** Ask the registry for newer base images. */
  pull: boolean;
  /** Caches that may stand for steps; those that cannot be had are passed over. */
  cacheFrom: CacheSpec[];
  /** Where the cache of this build is written to. */
  cacheTo: CacheSpec[];
  /** Write the cache into the image (`BUILDKIT_INLINE_CACHE=1`, `--cache-to type=inline`). */
  inlineCache: boolean;
  /** Join all layers of the build into one. */
  squash: boolean;
  /** `RUN` without `--network`: `default`, `none`, `host`, or a network's name. */
  network: string;
  /** Entitlements: `security.insecure`, `network.host` let a Dockerfile ask for these. */
  allow: ReadonlySet<string>;
  extraHosts: string[];
  resources: Pick<
    Resources,
    | "Memory"
    | "MemorySwap"
    | "CpuShares"
    | "CpuPeriod"
    | "CpuQuota"
    | "CpusetCpus"
    | "CpusetMems"
    | "Ulimits"
    | "CgroupParent"
  > &
    Pick<HostConfig, "ShmSize" | "SecurityOpt">;
  /** The client, for what is asked of it on the way. */
  session: BuildSession;
  /** Ids of what the client said that it has; one that is asked each time says nothing. */
  offered: { secrets: readonly string[]; agents: readonly string[] };
  /** Make the manifest too, so that its digest can be told (`--metadata-file`). */
  describe: boolean;
  /** Keeps what commands left that failed; absent: nobody will ask for it. */
  failures?: FailedCommands;
  annotations: Annotation[];
  attests: AttestRequest;
  /** Seconds: timestamps of the result are not later (`SOURCE_DATE_EPOCH`). */
  sourceDateEpoch: number | undefined;
}
