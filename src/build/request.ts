import type { HostConfig, Resources } from "../api/types/container.ts";
import type { AuthConfig } from "../api/types/system.ts";
import type { Platform } from "../oci/image.ts";
import type { Annotation } from "./annotations.ts";
import type { AttestRequest } from "./attest/spec.ts";
import type { CacheSpec } from "./cache/spec.ts";
import type { IgnorePatterns } from "../lib/ignore-patterns.ts";
import type { SourceTree } from "./source/tree.ts";

/** A build as it was asked for. What the wire calls it: Docker's `POST /build`. */
export interface BuildRequest {
  dockerfile: string;
  /** Its name, for messages. */
  dockerfileName: string;
  context: SourceTree;
  /** What was left out of it, where that is known. */
  ignore: IgnorePatterns | undefined;
  /** Where the context came from, when the engine fetched it itself. */
  remote: string;
  /** `--build-context`: other trees by name; images are given as `docker-image://ref`. */
  contexts: ReadonlyMap<string, SourceTree | { image: string }>;
  target: string;
  buildArgs: Readonly<Record<string, string>>;
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
  resources: Pick<Resources, "Memory" | "MemorySwap" | "CpuShares" | "CpuPeriod" | "CpuQuota" | "CpusetCpus" | "CpusetMems" | "Ulimits" | "CgroupParent"> & Pick<HostConfig, "ShmSize" | "SecurityOpt">;
  /** By id: a secret's bytes. They reach no layer, cache key, history or log. */
  secrets: ReadonlyMap<string, Uint8Array>;
  /** By id: path of an agent's socket on this machine. */
  sshSockets: ReadonlyMap<string, string>;
  auth: (domain: string) => AuthConfig | undefined;
  /** Make the manifest too, so that its digest can be told (`--metadata-file`). */
  describe: boolean;
  annotations: Annotation[];
  attests: AttestRequest;
  /** Seconds: timestamps of the result are not later (`SOURCE_DATE_EPOCH`). */
  sourceDateEpoch: number | undefined;
}
