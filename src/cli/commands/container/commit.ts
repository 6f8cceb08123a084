import { commitContainer } from "../../../client/containers.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, list, string } from "../../flags/kinds.ts";
import { familiarName, parseReference, withDefaultTag } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  args: rangeArgs(1, 2),
  interspersed: false,
  flags: {
    author: string('Author of the image ("John Doe <john@example.org>")', { short: "a" }),
    change: list("Dockerfile instruction to apply to the image", { short: "c" }),
    message: string("Message of the commit", { short: "m" }),
    "no-pause": bool("Do not pause the container meanwhile"),
    pause: bool("Pause the container meanwhile", {
      short: "p",
      default: true,
      deprecated: "and enabled by default. Use --no-pause to disable pausing during commit.",
    }),
  },
  async run(deps, [container = "", name = ""], flags) {
    if (deps.changed.has("pause") && deps.changed.has("no-pause"))
      throw new CliError("conflicting options: --no-pause and --pause cannot be used together");
    const reference = name === "" ? null : withDefaultTag(parseReference(name));
    if (reference?.digest)
      throw new CliError("invalid reference format: refusing to create a tag with a digest reference");
    const { Id } = await commitContainer(await deps.client(), container, {
      ...(reference && { repo: familiarName(reference), tag: reference.tag ?? "" }),
      comment: flags.message,
      author: flags.author,
      changes: flags.change,
      pause: deps.changed.has("no-pause") ? !flags["no-pause"] : flags.pause,
    });
    deps.out.write(`${Id}\n`);
  },
});
