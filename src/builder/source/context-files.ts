import type { DigestMemo } from "./list-memo.ts";
import type { SourceTree } from "./tree.ts";

/** A build's context: its files, and what is known of them without looking. */
export interface ContextFiles {
  /** Looks through it: for what `digests` does not know. */
  tree(): Promise<SourceTree>;
  /** Of what steps took when the files were the very same. Absent where they are at hand anyway. */
  digests?: DigestMemo;
}

/** Files that are at hand. */
export const filesOf = (tree: SourceTree): ContextFiles => ({ tree: async () => tree });
