import { statfsSync } from "node:fs";

/** statfs(2)'s magic numbers in Docker's words. */
const names: Readonly<Record<number, string>> = {
  61267: "extfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  801189825: "zfs",
  26985: "nfs",
  4076150800: "f2fs",
  3393526350: "bcachefs",
};

/** The kind of filesystem that a path is on, as Docker names it; `<unknown>` for one without a name there. */
export function filesystemName(path: string): string {
  return names[statfsSync(path).type >>> 0] ?? "<unknown>";
}
