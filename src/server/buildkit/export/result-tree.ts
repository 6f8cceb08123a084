import type { Solved } from "../../../builder/solved.ts";
import type { SourceTree } from "../../../builder/source/tree.ts";
import { withView } from "../../../builder/steps/view.ts";
import { formatPlatform } from "../../../oci/platform.ts";
import type { ServerDeps } from "../../deps.ts";
import { JoinedTree } from "./joined-tree.ts";

/** The files of all results; `split`: those of each platform below `linux_amd64` and the like. */
export async function withResultTree(
  deps: Pick<ServerDeps, "build">,
  { results }: Solved,
  split: boolean,
  work: (tree: SourceTree) => Promise<void>,
): Promise<void> {
  const [only] = results;
  if (only && !split) return withView(deps.build, only.chain, work);
  const trees = new Map<string, SourceTree>();
  const open = async (index: number): Promise<void> => {
    const result = results[index];
    if (!result) return work(new JoinedTree(trees));
    return withView(deps.build, result.chain, (tree) => {
      trees.set(formatPlatform(result.platform).replaceAll("/", "_"), tree);
      return open(index + 1);
    });
  };
  return open(0);
}
