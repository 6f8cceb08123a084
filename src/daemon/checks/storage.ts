import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { overlayWorks } from "../../image/snapshot/probe.ts";
import { type Check, verdict } from "./check.ts";

const group = "storage";

/** The file system under the data root. */
export function checkStorage(dataRoot: string): Check[] {
  let place = dataRoot;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const works = process.getuid?.() === 0 && overlayWorks(place);
  return [
    verdict(group, "overlay on the data root", works, works ? `works on ${place}` : `does not work on ${place}`, {
      state: "lack",
      advice:
        "Put the data root (--data-root) on ext4, xfs (ftype=1) or btrfs; an overlay or network file system " +
        "cannot carry upper layers, and each container then copies its image.",
    }),
    verdict(group, "free space", free > 5e9, `${(free / 1e9).toFixed(1)} GB on ${place}`, {
      state: "lack",
      advice: "Images need room: make some, or choose another --data-root.",
    }),
  ];
}
