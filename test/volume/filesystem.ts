import { mkdirSync, rmSync } from "node:fs";
import { sh } from "../harness.ts";

/** How a filesystem is made and mounted. */
export interface FilesystemKind {
  /** What makes it, its file to be added. */
  mkfs: string[];
  /** Options of the mount, beside `loop`. */
  options?: string;
  /** Of the file that holds it. */
  megabytes: number;
}

/** XFS, whose files can have blocks in common. */
export const xfs: FilesystemKind = { mkfs: ["mkfs.xfs", "-q", "-m", "reflink=1"], megabytes: 400 };

/** The same by copying nothing that is not written. */
export const btrfs: FilesystemKind = { mkfs: ["mkfs.btrfs", "-q"], megabytes: 400 };

/** Puts a filesystem of its own, in a file beside it, at a directory. Returns what takes it away. */
export async function mountFilesystem(directory: string, kind: FilesystemKind): Promise<() => Promise<void>> {
  const file = `${directory}.img`;
  mkdirSync(directory, { recursive: true });
  await must("truncate", "-s", `${kind.megabytes}M`, file);
  await must(...kind.mkfs, file);
  await must("mount", "-o", ["loop", ...(kind.options ? [kind.options] : [])].join(","), file, directory);
  return async () => {
    await must("umount", directory);
    rmSync(file);
  };
}

async function must(...argv: string[]): Promise<void> {
  const { exitCode, stderr } = await sh(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}
