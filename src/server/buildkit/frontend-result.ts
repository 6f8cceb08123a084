import type { Definition } from "../../api/buildkit/llb.ts";

/** What a frontend gave: results by platform (one without a name where one was asked for), and words on them. */
export interface FrontendResult {
  refs: readonly {
    id: string;
    platform: string | undefined;
    /** Absent: one that stands for the result. */
    definition?: Definition;
  }[];
  metadata: ReadonlyMap<string, Uint8Array>;
}
