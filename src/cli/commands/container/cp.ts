import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { splitArgument } from "../../copy/paths.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";

export default defineCommand({
  usage: (program) =>
    `[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\t${program} cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH`,
  args: exactArgs(2),
  long: `Copy files and directories between a container and the local filesystem

With - as the source, a tar archive is read from standard input and unpacked in a
directory of the container. With - as the destination, what is copied is written
to standard output as a tar archive.`,
  flags: {
    archive: bool("Keep the owners of files, by number", { short: "a" }),
    "follow-link": bool("Copy what a symbolic link at SRC_PATH points to", { short: "L" }),
    quiet: bool("Show no progress; there is none without a terminal anyway", { short: "q" }),
  },
  async run(deps, [source = "", destination = ""], flags) {
    if (source === "") throw new CliError("source can not be empty");
    if (destination === "") throw new CliError("destination can not be empty");
    const [from, to] = [splitArgument(source), splitArgument(destination)];
    if (from.container !== "" && to.container !== "") throw new CliError("copying between containers is not supported");
    const options = {
      followLink: flags["follow-link"],
      keepOwners: flags.archive,
      quiet: deps.changed.has("quiet") ? flags.quiet : !deps.out.isTerminal,
      cwd: process.cwd(),
    };
    const remote = ({ container, path }: typeof from) =>
      ({ owner: { kind: "container", name: container }, path }) as const;
    if (from.container !== "")
      return (await import("../../copy/copy-out.ts")).copyOut(deps, remote(from), to.path, options);
    if (to.container !== "")
      return (await import("../../copy/copy-in.ts")).copyIn(deps, from.path, remote(to), options);
    throw new CliError("must specify at least one container source");
  },
});
