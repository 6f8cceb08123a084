import { copyArchive } from "../../../builder/source/copy-archive.ts";
import { planAll } from "../../../builder/source/copy-plan.ts";
import { withView } from "../../../builder/steps/view.ts";
import { flag } from "./attributes.ts";
import type { Exporter } from "./exporter.ts";
import { withResultTree } from "./result-tree.ts";
import { sendArchive, toClient } from "./to-client.ts";

/** `tar`: the client gets a build's files as an archive. */
export const exportTar: Exporter = (attributes) => {
  const asked = attributes.has("platform-split") ? flag(attributes, "platform-split") : undefined;
  return (exporting) => {
    const { deps, solved } = exporting;
    const split = asked ?? solved.results.length > 1;
    const clampMtime = solved.request.sourceDateEpoch;
    return toClient(exporting, "exporting to client tarball", async (call, step) => {
      const [only] = solved.results;
      if (only && !split)
        await withView(deps.build, only.chain, (_tree, root) =>
          sendArchive(call, step, deps.images.archiver.pack(root, { ...(clampMtime !== undefined && { clampMtime }) })),
        );
      else
        await withResultTree(deps, solved, split, async (tree) =>
          sendArchive(call, step, copyArchive(tree, await planAll(tree, "/", { signal: solved.signal }), clampMtime)),
        );
    });
  };
};
