import type { FilesOwner } from "../../../client/archive.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { splitArgument } from "../../copy/paths.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";

export default defineCommand({
  usage: (program) =>
    `[OPTIONS] VOLUME:SRC_PATH DEST_PATH|-\n\t${program} volume cp [OPTIONS] SRC_PATH|- VOLUME:DEST_PATH\n\t` +
    `${program} volume cp [OPTIONS] VOLUME:SRC_PATH VOLUME:DEST_PATH`,
  args: exactArgs(2),
  long: `Copy files and directories between a volume and the local filesystem, or another
volume

Owners are kept, by number. With - as the source, a tar archive is read from
standard input and unpacked in a directory of the volume. With - as the
destination, what is copied is written to standard output as a tar archive.`,
  flags: {
    "follow-link": bool("Copy what a symbolic link at SRC_PATH points to", { short: "L" }),
    quiet: bool("Show no progress; there is none without a terminal anyway", { short: "q" }),
  },
  async run(deps, [source = "", destination = ""], flags) {
    if (source === "") throw new CliError("source can not be empty");
    if (destination === "") throw new CliError("destination can not be empty");
    const [from, to] = [splitArgument(source), splitArgument(destination)];
    const remote = ({ container, path }: typeof from): { owner: FilesOwner; path: string } => ({
      owner: { kind: "volume", name: container },
      path: path || "/",
    });
    const options = {
      followLink: flags["follow-link"],
      keepOwners: true,
      quiet: deps.changed.has("quiet") ? flags.quiet : !deps.out.isTerminal,
      cwd: process.cwd(),
    };
    if (from.container !== "" && to.container !== "")
      return (await import("../../copy/copy-between.ts")).copyBetween(deps, remote(from), remote(to), options);
    if (from.container !== "")
      return (await import("../../copy/copy-out.ts")).copyOut(deps, remote(from), to.path, options);
    if (to.container !== "")
      return (await import("../../copy/copy-in.ts")).copyIn(deps, from.path, remote(to), options);
    throw new CliError("must specify at least one volume, as VOLUME:PATH");
  },
});
