import { lstatSync, lutimesSync, readdirSync } from "node:fs";

/**
 * Sets back what is younger than `epoch` (seconds) to it, below a directory and at the directory itself: what a step
 * made has the same times in every build. `since` (ms): only what was changed after it. Nobody may write to the
 * directory meanwhile. Links are not followed.
 */
export function clampTimes(root: string, epoch: number, since = 0): void {
  clamp(Buffer.from(root), epoch, since);
}

/** Seconds as the time that an image's configuration holds (RFC 3339). */
export function epochTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(".000Z", "Z");
}

function clamp(path: Buffer, epoch: number, since: number): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path, { encoding: "buffer" }))
      clamp(Buffer.concat([path, Buffer.from("/"), name]), epoch, since);
  }
  if (stat.mtimeMs > epoch * 1000 && stat.mtimeMs >= since) lutimesSync(path, epoch, epoch);
}
