import { MemoryTree } from "../../../builder/source/memory-tree.ts";
import type { SourceTree } from "../../../builder/source/tree.ts";
import { withView } from "../../../builder/steps/view.ts";
import { formatPlatform } from "../../../oci/platform.ts";
import { attestationFiles } from "./attestation-files.ts";
import type { Exporting } from "./exporter.ts";
import { JoinedTree } from "./joined-tree.ts";
import { checkMerge, MergedTree } from "./merged-tree.ts";

/** How the files of results are put together. */
export interface Arranged {
  /** Those of each platform below `linux_amd64` and the like; else one upon the other. */
  folders: boolean;
  /** Names of attestations say the platform. */
  namePlatform: boolean;
  /** Stands before the names of attestations. */
  prefix: string;
}

/**
 * The files of all results, with the attestations that were asked for. Throws `invalid` where results would have to be
 * in each other's place.
 */
export async function withResultTree(
  exporting: Pick<Exporting, "deps" | "solved">,
  { folders, namePlatform, prefix }: Arranged,
  work: (tree: SourceTree) => Promise<void>,
): Promise<void> {
  const { deps, solved } = exporting;
  const trees = new Map<string, SourceTree>();
  const open = async (index: number): Promise<void> => {
    const result = solved.results[index];
    if (!result) {
      if (folders)
        return work(new JoinedTree(new Map([...trees].map(([name, tree]) => [name.replaceAll("/", "_"), tree]))));
      await checkMerge(trees);
      return work(new MergedTree([...trees.values()]));
    }
    return withView(deps.build, result.chain, async (tree) => {
      const platform = formatPlatform(result.platform);
      const files = await attestationFiles(exporting, result, tree, (file) => {
        const [, name = file, ending = ""] = /^(.*)(\.[^.]*)$/.exec(file) ?? [];
        return `${prefix}${namePlatform ? `${name}.${platform.replaceAll("/", "_")}${ending}` : file}`;
      });
      trees.set(platform, files.length === 0 ? tree : new MergedTree([new MemoryTree(files), tree]));
      return open(index + 1);
    });
  };
  return open(0);
}
