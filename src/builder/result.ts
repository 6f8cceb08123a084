import type { HistoryEntry, OciImageConfig, OciImageConfigFile, Platform } from "../oci/image.ts";
import { noVariables, type StageVariables } from "./plan/variables.ts";

/**
 * A stage when it is done, or at some point on the way: a root filesystem by its chain, and what an image says of it.
 */
export interface StageResult {
  /** Chain ids, base first; empty: nothing but an empty root. */
  chain: string[];
  diffIds: string[];
  config: OciImageConfig;
  history: HistoryEntry[];
  author: string;
  /**
   * When its newest layer was made (RFC 3339): what the image says of itself, so that a cached build gives the same
   * image.
   */
  created: string;
  platform: Platform;
  /** What stages that build on it take over. */
  variables: StageVariables;
  /** How many of the layers came with the base image. */
  baseLayers: number;
  /** Id of the image that it is, or would be; empty for nothing at all. */
  imageId: string;
}

/** What `FROM scratch` starts with: no layers, and the PATH and working directory that BuildKit sets. */
export const emptyResult = (platform: Platform): StageResult => ({
  chain: [],
  diffIds: [],
  config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" },
  history: [],
  author: "",
  created: "",
  platform,
  variables: noVariables,
  baseLayers: 0,
  imageId: "",
});

/** What an image of the result says of itself. */
export function imageConfig({
  created,
  author,
  platform,
  config,
  diffIds,
  history,
}: Omit<StageResult, "imageId">): OciImageConfigFile {
  return {
    ...(created && { created }),
    ...(author && { author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant && { variant: platform.variant }),
    config,
    rootfs: { type: "layers", diff_ids: diffIds },
    history,
  };
}

/** What stands for a result in cache keys: the chain id of its last layer, or `scratch` if it has none. */
export const resultId = (result: StageResult): string => result.chain.at(-1) ?? "scratch";
