import type { HistoryEntry, OciImageConfig, Platform } from "../oci/image.ts";

/** A stage when it is done, or at some point on the way: a root filesystem by its chain, and what an image says of it. */
export interface StageResult {
  /** Chain ids, base first; empty: nothing but an empty root. */
  chain: string[];
  diffIds: string[];
  config: OciImageConfig;
  history: HistoryEntry[];
  author: string;
  /** When its newest layer was made (RFC 3339): what the image says of itself, so that a cached build gives the same image. */
  created: string;
  platform: Platform;
  /** Values of its ARGs, which stages that build on it take over. */
  args: readonly (readonly [name: string, value: string])[];
  /** How many of the layers came with the base image. */
  baseLayers: number;
}

export const emptyResult = (platform: Platform): StageResult => ({
  chain: [], diffIds: [], config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" }, history: [], author: "", created: "", platform, args: [], baseLayers: 0,
});

/** What a result stands for in cache keys. */
export const resultId = (result: StageResult): string => result.chain.at(-1) ?? "scratch";
