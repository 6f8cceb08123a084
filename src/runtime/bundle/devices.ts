import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { DeviceMapping, Resources, ThrottleDevice } from "../../api/types/container.ts";
import { errorMessage, hasCode, invalid } from "../../lib/errors.ts";
import type { OciDevice, OciDeviceRule, OciThrottle } from "../../oci/runtime.ts";
import type { BlockLimits, ResolvedDevices } from "./types.ts";

/**
 * What every container may use: null, zero, full, random, urandom, tty, console, ptmx, its own terminals and tun, which
 * runc adds by itself and crun does not; nodes of any kind may be made.
 */
const defaultRules: readonly OciDeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 1],
      [5, 2],
      [10, 200],
    ] as const
  ).map(([major, minor]): OciDeviceRule => ({ allow: true, type: "c", major, minor, access: "rwm" })),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

/** What `--device`, `--device-cgroup-rule` and `--privileged` ask for. */
export interface DeviceRequestInput {
  privileged: boolean;
  devices: readonly DeviceMapping[];
  cgroupRules: readonly string[];
}

/** Looks up the devices a container asks for. Throws `invalid` where a path is none and holds none. */
export function resolveDevices({ privileged, devices, cgroupRules }: DeviceRequestInput): ResolvedDevices {
  if (privileged) {
    const mapped = devices.filter(
      ({ PathOnHost, PathInContainer }) => PathInContainer && PathInContainer !== PathOnHost,
    );
    return {
      nodes: [...hostDevices(), ...mapped.flatMap((mapping) => resolveMapping(mapping).nodes)],
      rules: [{ allow: true, access: "rwm" }],
    };
  }
  const resolved = devices.map(resolveMapping);
  return {
    nodes: resolved.flatMap(({ nodes }) => nodes),
    rules: [...defaultRules, ...resolved.flatMap(({ rules }) => rules), ...cgroupRules.map(parseDeviceRule)],
  };
}

/** A device, or every device below a directory. */
function resolveMapping({ PathOnHost, PathInContainer, CgroupPermissions }: DeviceMapping): ResolvedDevices {
  const host = PathOnHost ?? "";
  const inside = PathInContainer || host;
  const access = CgroupPermissions || "rwm";
  const failed = (why: string) =>
    invalid(`error gathering device information while adding custom device ${JSON.stringify(host)}: ${why}`);
  let path;
  let stat;
  try {
    path = realpathSync(host);
    stat = statSync(path);
  } catch (error) {
    throw failed(hasCode(error, "ENOENT") ? "no such file or directory" : errorMessage(error));
  }
  const node = toDevice(inside, stat);
  const nodes = node ? [node] : stat.isDirectory() ? devicesBelow(path, inside) : [];
  if (nodes.length === 0) throw failed("not a device node");
  return { nodes, rules: nodes.map((device) => ruleFor(device, access)) };
}

function ruleFor({ type, major, minor }: OciDevice, access: string): OciDeviceRule {
  return {
    allow: true,
    type: type === "b" ? "b" : "c",
    ...(major !== undefined && { major }),
    ...(minor !== undefined && { minor }),
    access,
  };
}

function toDevice(path: string, stat: Stats): OciDevice | null {
  const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : null;
  if (type === null) return null;
  return { type, path, ...deviceNumbers(stat.rdev), fileMode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
}

/** glibc's encoding of a device number. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const number = BigInt(rdev);
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & ~0xffn)),
  };
}

/** Everything in /dev but what a container has of its own. */
function hostDevices(): OciDevice[] {
  const own = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"]);
  return devicesBelow("/dev", "/dev", own);
}

function devicesBelow(directory: string, inside: string, without: ReadonlySet<string> = new Set()): OciDevice[] {
  const found: OciDevice[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (without.has(entry.name)) continue;
    const path = join(directory, entry.name);
    const target = join(inside, entry.name);
    if (entry.isDirectory()) found.push(...devicesBelow(path, target));
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const device = toDevice(target, statSync(path));
      if (device) found.push(device);
    }
  }
  return found;
}

/** `c 42:* rmw`, as in the kernel's devices.allow. Throws `invalid` with Docker's text. */
export function parseDeviceRule(rule: string): OciDeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(rule);
  if (!match) throw invalid(`invalid device cgroup rule format: '${rule}'`);
  const [, type, major, minor, access = ""] = match;
  return {
    allow: true,
    type: type === "b" ? "b" : type === "c" ? "c" : "a",
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
    access,
  };
}

/** Turns the paths of block-device limits into numbers. Throws `invalid` where there is no such path. */
export function resolveBlockLimits(resources: Resources): BlockLimits {
  return {
    weightDevice: (resources.BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({
      ...numbersOf(Path ?? ""),
      weight: Weight ?? 0,
    })),
    readBps: throttles(resources.BlkioDeviceReadBps),
    writeBps: throttles(resources.BlkioDeviceWriteBps),
    readIops: throttles(resources.BlkioDeviceReadIOps),
    writeIops: throttles(resources.BlkioDeviceWriteIOps),
  };
}

function throttles(devices: ThrottleDevice[] | null | undefined): OciThrottle[] {
  return (devices ?? []).map(({ Path, Rate }) => ({ ...numbersOf(Path ?? ""), rate: Rate ?? 0 }));
}

function numbersOf(path: string): { major: number; minor: number } {
  try {
    return deviceNumbers(statSync(path).rdev);
  } catch (error) {
    throw invalid(`stat ${path}: ${hasCode(error, "ENOENT") ? "no such file or directory" : errorMessage(error)}`);
  }
}
