import { lstat, opendir } from "node:fs/promises";
import {
  type FilesOwner,
  goModeDir,
  goModeSymlink,
  hasMode,
  type PathStat,
  putFiles,
  statFile,
} from "../../client/archive.ts";
import type { Client } from "../../client/client.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { joinPath } from "../paths.ts";
import type { CopyOptions } from "./copy-out.ts";
import { localSource } from "./local.ts";
import { packPath } from "./pack.ts";
import { localPath, splitEntry } from "./paths.ts";
import { type CopyDestination, planCopy } from "./plan.ts";
import { showCopyProgress } from "./progress.ts";

/** `cp SOURCE OWNER:PATH`; `-` reads an archive from standard input. */
export async function copyIn(
  deps: CommandDeps,
  from: string,
  to: { owner: FilesOwner; path: string },
  options: CopyOptions,
): Promise<void> {
  const client = await deps.client();
  const destination = await remoteDestination(client, to);
  const upload = (directory: string, archive: AsyncIterable<Uint8Array>) =>
    putFiles(client, to.owner, directory, archive, { copyUIDGID: options.keepOwners });
  if (from === "-") {
    if (!destination.isDirectory) throw new CliError(`destination "${to.owner.name}:${to.path}" must be a directory`);
    await deps.out.flush();
    return upload(destination.path, deps.stdin.stream());
  }
  const source = await localSource(localPath(options.cwd, from), options.followLink);
  const plan = planCopy(source, destination);
  const archive = packPath(source.path.replace(/(\/\.?)+$/, "") || "/", plan.to);
  if (options.quiet) return upload(plan.directory, archive);
  const progress = showCopyProgress(deps.err, `Copying to ${to.owner.kind} - `);
  await upload(plan.directory, progress.count(archive));
  await progress.finish(await contentSize(source.path), `${to.owner.name}:${destination.path}`);
}

/** What stands at the destination. That it cannot be asked is no error: its parent may do, and the engine judges. */
export async function remoteDestination(
  client: Client,
  { owner, path: given }: { owner: FilesOwner; path: string },
): Promise<CopyDestination> {
  const look = (at: string): Promise<PathStat | null> => statFile(client, owner, at).catch(() => null);
  let path = given;
  let stat = await look(path);
  if (stat && hasMode(stat.mode, goModeSymlink)) {
    path = stat.linkTarget.startsWith("/") ? stat.linkTarget : joinPath(splitEntry(path)[0], stat.linkTarget);
    stat = await look(path);
  }
  if (!stat) return { path, exists: false, isDirectory: false };
  // Go's bits for devices (with and without "character") and for irregular files.
  const refused = hasMode(stat.mode, 2 ** 26)
    ? "got a device"
    : hasMode(stat.mode, 2 ** 19)
      ? "got an irregular file"
      : null;
  if (refused)
    throw new CliError(`destination "${owner.name}:${given}" must be a directory or a regular file: ${refused}`);
  return { path, exists: true, isDirectory: hasMode(stat.mode, goModeDir) };
}

/** Bytes of all plain files. */
async function contentSize(path: string): Promise<number | null> {
  const info = await lstat(path).catch(() => null);
  if (!info) return null;
  if (!info.isDirectory()) return info.isFile() ? info.size : 0;
  let total = 0;
  for await (const child of await opendir(path, { recursive: true })) {
    if (child.isFile()) total += (await lstat(`${child.parentPath}/${child.name}`)).size;
  }
  return total;
}
