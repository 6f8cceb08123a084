import { type FilesOwner, getFiles, goModeDir, goModeSymlink, hasMode, statFile } from "../../client/archive.ts";
import type { CommandDeps } from "../deps.ts";
import { joinPath } from "../paths.ts";
import { writeThrough } from "../write-output.ts";
import { checkOutput, localDestination } from "./local.ts";
import { localPath, rebaseName, splitEntry } from "./paths.ts";
import { planCopy, renamed } from "./plan.ts";
import { showCopyProgress } from "./progress.ts";
import { unpackArchive } from "./unpack.ts";

export interface CopyOptions {
  followLink: boolean;
  keepOwners: boolean;
  quiet: boolean;
  cwd: string;
}

/** `cp OWNER:PATH DESTINATION`; `-` writes the archive to standard output. */
export async function copyOut(
  deps: CommandDeps,
  from: { owner: FilesOwner; path: string },
  to: string,
  options: CopyOptions,
): Promise<void> {
  const destination = to === "-" ? "-" : localPath(options.cwd, to);
  if (destination !== "-") await checkOutput(destination);
  const client = await deps.client();
  let source = { path: from.path, rename: "" };
  if (options.followLink) {
    const stat = await statFile(client, from.owner, from.path).catch(() => null);
    if (stat && hasMode(stat.mode, goModeSymlink)) {
      const target = stat.linkTarget.startsWith("/")
        ? stat.linkTarget
        : joinPath(splitEntry(from.path)[0], stat.linkTarget);
      source = rebaseName(from.path, target);
    }
  }
  const { stat, body } = await getFiles(client, from.owner, source.path);
  if (destination === "-") return writeThrough(deps.out, body);
  const isDirectory = hasMode(stat.mode, goModeDir);
  const progress = options.quiet ? null : showCopyProgress(deps.err, `Copying from ${from.owner.kind} - `);
  const plan = planCopy({ ...source, isDirectory }, await localDestination(destination));
  const base = splitEntry(source.path)[1];
  const rename = (name: string) =>
    renamed(source.rename === "" ? name : renamed(name, { from: base, to: source.rename }), plan);
  await unpackArchive(progress ? progress.count(body) : body, plan.directory, {
    rename,
    keepOwners: options.keepOwners,
  });
  await progress?.finish(isDirectory ? null : stat.size, destination);
}
