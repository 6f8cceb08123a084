import { copyArchive } from "../../../builder/source/copy-archive.ts";
import { planAll } from "../../../builder/source/copy-plan.ts";
import { withView } from "../../../builder/steps/view.ts";
import { fileAttributes } from "./attributes.ts";
import { type Exporter, wantsIndex } from "./exporter.ts";
import { withResultTree } from "./result-tree.ts";
import { sendArchive, toClient } from "./to-client.ts";

/** `tar`: the client gets a build's files as an archive. Those of several platforms are always in folders. */
export const exportTar: Exporter = (attributes) => {
  const { split, prefix } = fileAttributes(attributes);
  return (exporting) => {
    const { deps, solved } = exporting;
    const { sourceDateEpoch: clampMtime, attests } = solved.request;
    return toClient(exporting, "exporting to client tarball", async (call, step) => {
      const [only] = solved.results;
      const folders = solved.results.length > 1 || wantsIndex(exporting);
      if (only && !folders && !attests.sbom && !attests.provenance)
        await withView(deps.build, only.chain, (_tree, root) =>
          sendArchive(call, step, deps.images.archiver.pack(root, { ...(clampMtime !== undefined && { clampMtime }) })),
        );
      else
        await withResultTree(exporting, { folders, namePlatform: folders && split === false, prefix }, async (tree) =>
          sendArchive(call, step, copyArchive(tree, await planAll(tree, "/", { signal: solved.signal }), clampMtime)),
        );
    });
  };
};
