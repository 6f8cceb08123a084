import { fileAttributes } from "./attributes.ts";
import { type Exporter, wantsIndex } from "./exporter.ts";
import { withResultTree } from "./result-tree.ts";
import { sendFiles } from "./send-files.ts";
import { toClient } from "./to-client.ts";

/** `local`: the client writes a build's files into a folder of its own. */
export const exportLocal: Exporter = (attributes) => {
  const { split, prefix } = fileAttributes(attributes);
  return (exporting) => {
    const { solved } = exporting;
    return toClient(exporting, "exporting to client directory", async (call, step) => {
      const several = solved.results.length > 1 || wantsIndex(exporting);
      const folders = split ?? several;
      await withResultTree(exporting, { folders, namePlatform: several && !folders, prefix }, async (tree) => {
        const bytes = await sendFiles(call, tree, solved.request.sourceDateEpoch, (sent) =>
          step.status("copying files", { name: "copying", current: sent }),
        );
        step.status("copying files", { name: "copying", current: bytes, done: true });
      });
    });
  };
};
