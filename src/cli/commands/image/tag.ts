import { tagImage } from "../../../client/images.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { familiarName, parseReference } from "../../reference.ts";

export default defineCommand({
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  args: exactArgs(2),
  flags: {},
  interspersed: false,
  async run(deps, [source = "", target = ""]) {
    checkName(source, "source");
    const reference = checkName(target, "target");
    if (reference.digest !== undefined) throw new Error("refusing to create a tag with a digest reference");
    await tagImage(await deps.client(), source, familiarName(reference), reference.tag ?? "latest");
  },
});

function checkName(name: string, which: "source" | "target") {
  // An image id is no reference, but may be the source.
  if (which === "source" && /^(sha256:)?[a-f0-9]+$/.test(name)) return { domain: "", path: name };
  try {
    return parseReference(name);
  } catch (error) {
    const what = which === "source" ? "a valid repository/tag" : "a valid repository/tag";
    throw new Error(`Error parsing reference: ${JSON.stringify(name)} is not ${what}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
