import { type FilesOwner, goModeDir, goModeSymlink, hasMode, statFile } from "../../client/archive.ts";
import { copyVolumeFiles } from "../../client/volumes.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { joinPath } from "../paths.ts";
import { remoteDestination } from "./copy-in.ts";
import type { CopyOptions } from "./copy-out.ts";
import { rebaseName, splitEntry } from "./paths.ts";
import { planCopy } from "./plan.ts";

interface VolumePath {
  owner: FilesOwner;
  path: string;
}

/** `volume cp VOLUME:PATH VOLUME:PATH`: the engine copies, nothing comes here. */
export async function copyBetween(
  deps: CommandDeps,
  from: VolumePath,
  to: VolumePath,
  { followLink }: CopyOptions,
): Promise<void> {
  const client = await deps.client();
  let stat = await statFile(client, from.owner, from.path);
  let source = { path: from.path, rename: "" };
  if (followLink && hasMode(stat.mode, goModeSymlink)) {
    const { linkTarget } = stat;
    source = rebaseName(
      from.path,
      linkTarget.startsWith("/") ? linkTarget : joinPath(splitEntry(from.path)[0], linkTarget),
    );
    stat = await statFile(client, from.owner, source.path);
  }
  const isDirectory = hasMode(stat.mode, goModeDir);
  const plan = planCopy({ ...source, isDirectory }, await remoteDestination(client, to));
  if (plan.to === "..") throw new CliError(`destination "${to.owner.name}:${to.path}" has no name`);
  await copyVolumeFiles(client, to.owner.name, {
    FromVolume: from.owner.name,
    FromPath: source.path,
    Directory: plan.directory,
    // The whole of a volume has no name of its own.
    Name: plan.to === "/" ? "." : plan.to,
  });
}
