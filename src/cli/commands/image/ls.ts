import { listImages } from "../../../client/images.ts";
import { maxArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { imageFormat, imageRows, imageTitles } from "../../format/images.ts";
import { printRows } from "../../format/print-rows.ts";
import { withFilter } from "../../prune-filters.ts";

/** Words that people mean as `image <verb>` when they type `images <verb>`. */
const verbs = [
  "build",
  "history",
  "import",
  "inspect",
  "list",
  "load",
  "ls",
  "prune",
  "pull",
  "push",
  "rm",
  "save",
  "tag",
];

export default defineCommand({
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  args: maxArgs(1),
  flags: {
    all: bool("Show all images, intermediate ones too", { short: "a" }),
    digests: bool("Show digests"),
    filter: filter("Keep only what matches a condition"),
    format: string(formatHelp),
    "no-trunc": bool("Print values at full length"),
    quiet: bool("Print ids only", { short: "q" }),
    tree: bool("Show the platforms of each image as a tree", { minApi: "1.47" }),
  },
  async run(deps, [name = ""], flags) {
    const filters = name === "" ? flags.filter : withFilter(flags.filter, "reference", name);
    if (flags.tree) {
      if (flags.quiet) throw new CliError("--quiet is not yet supported with --tree");
      if (flags["no-trunc"]) throw new CliError("--no-trunc is not yet supported with --tree");
      if (flags.digests) throw new CliError("--show-digest is not yet supported with --tree");
      if (flags.format !== "") throw new CliError("--format is not yet supported with --tree");
      const { printImageTree } = await import("../../format/image-tree.ts");
      const images = await listImages(await deps.client(), { all: flags.all, manifests: true, filters });
      printImageTree(deps, images, flags.all);
      return;
    }
    const images = await listImages(await deps.client(), { all: flags.all, filters });
    const source = flags.format || (!flags.quiet && (await deps.config()).imagesFormat) || "table";
    const format = imageFormat(source, flags.quiet, flags.digests);
    const options = { noTrunc: flags["no-trunc"], digests: flags.digests };
    const showsDigest = flags.digests || format.includes("{{.Digest}}");
    deps.out.write(
      await printRows(
        format,
        imageTitles,
        images.flatMap((image) => imageRows(image, options, showsDigest)),
      ),
    );
    if (images.length === 0 && verbs.includes(name) && deps.command.endsWith(" images")) {
      await deps.out.flush();
      deps.err.write(
        `\nNo images found matching "${name}": did you mean "${deps.command.replace(/s$/, "")} ${name}"?\n`,
      );
    }
  },
});
