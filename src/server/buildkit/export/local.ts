import { flag } from "./attributes.ts";
import type { Exporter } from "./exporter.ts";
import { withResultTree } from "./result-tree.ts";
import { sendFiles } from "./send-files.ts";
import { toClient } from "./to-client.ts";

/** `local`: the client writes a build's files into a folder of its own. */
export const exportLocal: Exporter = (attributes) => {
  const asked = attributes.has("platform-split") ? flag(attributes, "platform-split") : undefined;
  return (exporting) => {
    const { deps, solved } = exporting;
    return toClient(exporting, "exporting to client directory", async (call, step) => {
      await withResultTree(deps, solved, asked ?? solved.results.length > 1, async (tree) => {
        const bytes = await sendFiles(call, tree, solved.request.sourceDateEpoch, (sent) =>
          step.status("copying files", { name: "copying", current: sent }),
        );
        step.status("copying files", { name: "copying", current: bytes, done: true });
      });
    });
  };
};
