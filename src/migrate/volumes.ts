import { existsSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";

import { hasVolume, takeVolume, type VolumeData } from "../volume/take.ts";
import type { MigrateDeps } from "./deps.ts";
import type { DockerRoot } from "./docker/root.ts";
import { type DockerVolume, readVolumes } from "./docker/volumes.ts";
import type { Sharing, Step, Work } from "./step.ts";

/** The volumes of a data root. `busy`: why some cannot be had, by name. */
export async function volumeSteps(
  deps: MigrateDeps,
  root: DockerRoot,
  busy: ReadonlyMap<string, string>,
  { move, sharing }: { move: boolean; sharing: Sharing },
): Promise<Step[]> {
  return Promise.all(readVolumes(root).map((volume) => volumeStep(deps, volume, busy.get(volume.name), move, sharing)));
}

async function volumeStep(
  deps: MigrateDeps,
  volume: DockerVolume,
  busy: string | undefined,
  move: boolean,
  { clones }: Sharing,
): Promise<Step> {
  const { name, directory } = volume;
  const problem = busy ?? (await problemOf(deps, volume));
  const isHere = hasVolume(deps.volumes, name);
  const takes = !isHere && problem === undefined;
  const isPlain = !hasOptions(volume);
  const isGone = isPlain && !existsSync(directory);
  const size = takes && isPlain && !isGone ? (await deps.images.archiver.usage(directory)).bytes : 0;
  const shares = move || clones;
  return {
    item: {
      Kind: "volume",
      Name: name,
      ID: "",
      State: isHere ? "present" : takes ? "take" : "cannot",
      Reason: isHere
        ? ""
        : (problem ??
          (isGone ? "its data is gone: it comes empty" : isPlain ? "" : "its data is where its options say")),
      Copied: shares ? 0 : size,
      Shared: shares ? size : 0,
    },
    names: [name],
    needs: [],
    async take(work) {
      const { driver, labels, options, created } = volume;
      await takeVolume(deps.volumes, { name, driver, labels, options, created }, dataOf(deps, volume, work));
      work.tell(size);
    },
  };
}

/** Its data is elsewhere: nfs, tmpfs, another directory. */
const hasOptions = ({ options }: DockerVolume): boolean => Object.keys(options ?? {}).length > 0;

function dataOf(deps: MigrateDeps, volume: DockerVolume, { move, share, signal }: Work): VolumeData {
  const { directory } = volume;
  if (hasOptions(volume) || !existsSync(directory)) return { kind: "none" };
  if (move) return { kind: "moved", directory };
  return {
    kind: "filled",
    fill: async (target) => {
      await deps.images.archiver.copy(directory, target, { clones: share.clones, overlayAttributes: true }, signal);
    },
  };
}

async function problemOf(
  { volumes }: MigrateDeps,
  { name, driver, options }: DockerVolume,
): Promise<string | undefined> {
  try {
    await (await volumes.drivers.find(driver)).validate(name, options ?? {});
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
