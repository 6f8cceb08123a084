import { existsSync } from "node:fs";
import { normalize } from "node:path/posix";
import type { ContainerConfig, HostConfig } from "../../api/types/container.ts";
import type { VolumeCreateRequest } from "../../api/types/volume.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { present } from "../../lib/present.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import type { MountPointRecord } from "../record.ts";
import { imageMountKey } from "./image-mount.ts";
import { checkTarget, parseBind, parseMount, parseVolumesFrom } from "./parse.ts";
import { refuseOverProc } from "./proc.ts";

/**
 * Every mount of a container to be: those of other containers, then the request's own, which win, then the image's
 * volumes where nothing else stands. By destination. Volumes without a name have one made up, which the container's
 * record knows before they are made. Pure but for looking up containers and host paths. `shallowReadOnly`: a read-only
 * bind of the request leaves what is mounted below its source writable.
 */
export function planMounts(
  deps: ContainerDeps,
  config: ContainerConfig,
  host: HostConfig,
  { shallowReadOnly = false } = {},
): MountPointRecord[] {
  const byDestination = new Map<string, MountPointRecord>();
  for (const spec of host.VolumesFrom ?? []) {
    const { ref, readOnly } = parseVolumesFrom(spec);
    for (const point of pointsOf(deps, ref))
      byDestination.set(point.destination, { ...point, readOnly: point.readOnly || readOnly, mode: "", copy: false });
  }
  for (const destination of Object.keys(host.Tmpfs ?? {})) {
    checkTarget(destination);
    refuseOverProc({ type: "tmpfs", destination: normalize(destination).replace(/(.)\/$/, "$1"), source: "" });
  }

  const own = [
    ...(host.Binds ?? []).map((bind) => parseBind(bind, host.VolumeDriver ?? "")),
    ...(host.Mounts ?? []).map((mount) => parseMount(mount, existsSync)),
  ];
  const taken = new Set(Object.keys(host.Tmpfs ?? {}));
  for (const point of own) {
    if (taken.has(point.destination)) throw invalid(`Duplicate mount point: ${point.destination}`);
    taken.add(point.destination);
    byDestination.set(point.destination, guardOwnFiles(deps, shallowReadOnly ? leaveBelow(point) : point));
  }
  for (const raw of Object.keys(config.Volumes ?? {})) {
    // A relative one means the same below the root.
    const destination = raw === "" ? raw : normalize(`/${raw}`).replace(/(.)\/$/, "$1");
    const point = { ...parseBind(destination, host.VolumeDriver ?? ""), fromImage: true };
    if (!byDestination.has(point.destination) && !taken.has(point.destination))
      byDestination.set(point.destination, point);
  }
  const points = [...byDestination.values()].map((point) =>
    point.type === "volume" && point.anonymous && !point.name ? { ...point, name: newId() } : point,
  );
  for (const point of points) refuseOverProc(point);
  return points.sort((a, b) => depth(a) - depth(b) || (a.destination < b.destination ? -1 : 1));
}

const depth = (point: MountPointRecord) => point.destination.split("/").length;

function pointsOf(deps: ContainerDeps, ref: string): MountPointRecord[] {
  try {
    return findContainer(deps, ref).spec.mounts;
  } catch (cause) {
    throw invalid(errorMessage(cause), cause);
  }
}

/** Of a bind that is read-only, the mounts below its source stay as they are. */
function leaveBelow(point: MountPointRecord): MountPointRecord {
  if (point.type !== "bind" || !point.readOnly) return point;
  return {
    ...point,
    request: { ...point.request, BindOptions: { ...point.request?.BindOptions, ReadOnlyNonRecursive: true } },
  };
}

/** A private view of the daemon's own directories would keep its mounts alive for as long as the container runs. */
function guardOwnFiles(deps: ContainerDeps, point: MountPointRecord): MountPointRecord {
  if (point.type !== "bind" || !sharesPath(point.source, deps.dataRoot)) return point;
  const asked = point.request?.BindOptions?.Propagation ?? (point.propagation === "rprivate" ? "" : point.propagation);
  if (!asked) return { ...point, propagation: "rslave" };
  if (asked === "rslave" || asked === "rshared") return point;
  throw invalid(
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within ` +
      "the daemon root, " +
      `daemon root: "${deps.dataRoot}", bind mount source: "${point.source}", propagation: "${asked}"`,
  );
}

/** One is the other, or lies below it. */
export function sharesPath(a: string, b: string): boolean {
  const below = (path: string, root: string) => path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
  return below(a, b) || below(b, a);
}

/**
 * Makes the volumes and image mounts of a plan for the container `id`, whose row exists. Returns the plan with what is
 * known of them filled in.
 */
export async function makeMounts(
  deps: ContainerDeps,
  id: string,
  plan: MountPointRecord[],
): Promise<MountPointRecord[]> {
  const made: MountPointRecord[] = [];
  for (const point of plan) {
    if (point.type === "volume") made.push(await makeVolume(deps, id, point));
    else if (point.type === "image") made.push(await makeImageMount(deps, id, point));
    else made.push(point);
  }
  return made;
}

async function makeVolume(deps: ContainerDeps, id: string, point: MountPointRecord): Promise<MountPointRecord> {
  const options = point.request?.VolumeOptions;
  const volume = await deps.volumes.create(
    present<VolumeCreateRequest>({
      Name: point.name,
      Driver: point.driver,
      DriverOpts: options?.DriverConfig?.Options,
      Labels: options?.Labels,
    }),
    {
      usedBy: { containerId: id, destination: point.destination },
      ...(point.anonymous !== undefined && { anonymous: point.anonymous }),
    },
  );
  // What comes by --volumes-from has its source already, and shows no mode.
  const labelled = deps.volumes.isLabelled(volume.Driver) && !point.fromImage && !point.source;
  return {
    ...point,
    name: volume.Name,
    driver: volume.Driver,
    source: volume.Mountpoint,
    mode: point.mode || (labelled ? "z" : ""),
  };
}

async function makeImageMount(deps: ContainerDeps, id: string, point: MountPointRecord): Promise<MountPointRecord> {
  const image = deps.images.resolve(point.source);
  await deps.rootfs.create(imageMountKey(id, point), image);
  return { ...point, name: image.id };
}
