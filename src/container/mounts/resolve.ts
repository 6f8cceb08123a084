import { existsSync } from "node:fs";
import { normalize } from "node:path/posix";
import type { ContainerConfig, HostConfig } from "../../api/types/container.ts";
import { createRootfs } from "../../image/rootfs.ts";
import { resolveImage } from "../../image/resolve.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { createVolume } from "../../volume/create.ts";
import type { ContainerContext } from "../context.ts";
import { findContainer } from "../lookup.ts";
import type { MountPointRecord } from "../record.ts";
import { imageMountKey } from "./image-mount.ts";
import { checkTarget, parseBind, parseMount, parseVolumesFrom } from "./parse.ts";

/**
 * Every mount of a container to be: those of other containers, then the request's own, which win, then the image's
 * volumes where nothing else stands. By destination. Volumes without a name have one made up, which the container's
 * record knows before they are made. Pure but for looking up containers and host paths.
 */
export function planMounts(ctx: ContainerContext, config: ContainerConfig, host: HostConfig): MountPointRecord[] {
  const byDestination = new Map<string, MountPointRecord>();
  for (const spec of host.VolumesFrom ?? []) {
    const { ref, readOnly } = parseVolumesFrom(spec);
    for (const point of pointsOf(ctx, ref)) byDestination.set(point.destination, { ...point, readOnly: point.readOnly || readOnly, mode: "", copy: false });
  }
  for (const destination of Object.keys(host.Tmpfs ?? {})) checkTarget(destination);

  const own = [
    ...(host.Binds ?? []).map((bind) => parseBind(bind, host.VolumeDriver ?? "")),
    ...(host.Mounts ?? []).map((mount) => parseMount(mount, existsSync)),
  ];
  const taken = new Set(Object.keys(host.Tmpfs ?? {}));
  for (const point of own) {
    if (taken.has(point.destination)) throw invalid(`Duplicate mount point: ${point.destination}`);
    taken.add(point.destination);
    byDestination.set(point.destination, guardOwnFiles(ctx, point));
  }
  for (const raw of Object.keys(config.Volumes ?? {})) {
    const point = { ...parseBind(normalize(raw).replace(/(.)\/$/, "$1"), host.VolumeDriver ?? ""), fromImage: true };
    if (!byDestination.has(point.destination) && !taken.has(point.destination)) byDestination.set(point.destination, point);
  }
  const points = [...byDestination.values()].map((point) => (point.type === "volume" && point.anonymous && !point.name ? { ...point, name: newId() } : point));
  return points.sort((a, b) => depth(a) - depth(b) || (a.destination < b.destination ? -1 : 1));
}

const depth = (point: MountPointRecord) => point.destination.split("/").length;

function pointsOf(ctx: ContainerContext, ref: string): MountPointRecord[] {
  try {
    return findContainer(ctx, ref).spec.mounts;
  } catch (cause) {
    throw invalid(errorMessage(cause), cause);
  }
}

/** A private view of the daemon's own directories would keep its mounts alive for as long as the container runs. */
function guardOwnFiles(ctx: ContainerContext, point: MountPointRecord): MountPointRecord {
  if (point.type !== "bind" || !sharesPath(point.source, ctx.dataRoot)) return point;
  const asked = point.request?.BindOptions?.Propagation ?? (point.propagation === "rprivate" ? "" : point.propagation);
  if (!asked) return { ...point, propagation: "rslave" };
  if (asked === "rslave" || asked === "rshared") return point;
  throw invalid(
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, ` +
      `daemon root: "${ctx.dataRoot}", bind mount source: "${point.source}", propagation: "${asked}"`,
  );
}

/** One is the other, or lies below it. */
export function sharesPath(a: string, b: string): boolean {
  const below = (path: string, root: string) => path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
  return below(a, b) || below(b, a);
}

/** Makes the volumes and image mounts of a plan for the container `id`, whose row exists. Returns the plan with what is known of them filled in. */
export async function makeMounts(ctx: ContainerContext, id: string, plan: MountPointRecord[]): Promise<MountPointRecord[]> {
  const made: MountPointRecord[] = [];
  for (const point of plan) {
    if (point.type === "volume") made.push(await makeVolume(ctx, id, point));
    else if (point.type === "image") made.push(await makeImageMount(ctx, id, point));
    else made.push(point);
  }
  return made;
}

async function makeVolume(ctx: ContainerContext, id: string, point: MountPointRecord): Promise<MountPointRecord> {
  const options = point.request?.VolumeOptions;
  const volume = await createVolume(
    ctx.volumes,
    { Name: point.name, Driver: point.driver, DriverOpts: options?.DriverConfig?.Options, Labels: options?.Labels },
    { usedBy: { containerId: id, destination: point.destination }, anonymous: point.anonymous },
  );
  // What comes by --volumes-from has its source already, and shows no mode.
  const labelled = volume.Driver === "local" && !point.fromImage && !point.source;
  return { ...point, name: volume.Name, driver: volume.Driver, source: volume.Mountpoint, mode: point.mode || (labelled ? "z" : "") };
}

async function makeImageMount(ctx: ContainerContext, id: string, point: MountPointRecord): Promise<MountPointRecord> {
  const image = resolveImage(ctx.images, point.source);
  await createRootfs(ctx.images, imageMountKey(id, point), image);
  return { ...point, name: image.id };
}
