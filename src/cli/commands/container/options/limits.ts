/** `--ulimit`, block device limits, `--restart`, `--sysctl`. */
import type { RestartPolicy, ThrottleDevice } from "../../../../api/types/container.ts";
import { parseBytes } from "../../../../lib/bytes.ts";
import { parseInteger } from "../../../flags/number.ts";
import { cut } from "./csv.ts";

export interface Ulimit {
  Name: string;
  Hard: number;
  Soft: number;
}

const ulimitNames = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/** `NAME=SOFT[:HARD]`; -1 is unlimited. */
export function parseUlimit(text: string): Ulimit {
  const [name, values, found] = cut(text, "=");
  if (!found) throw new Error(`invalid ulimit argument: ${text}`);
  if (!ulimitNames.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  const parts = values.split(":");
  if (parts.length > 2)
    throw new Error(`too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = parts.map((part) => parseInteger(part));
  if (hard !== -1 && soft === -1)
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`);
  if (hard !== -1 && soft > hard)
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { Name: name, Hard: hard, Soft: soft };
}

/** The last of each name, by name. */
export function mergeUlimits(ulimits: readonly Ulimit[]): Ulimit[] {
  const byName = new Map(ulimits.map((ulimit) => [ulimit.Name, ulimit]));
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

function deviceAndRate(text: string): [path: string, rate: string] {
  const [path, rate, found] = cut(text, ":");
  if (!found || path === "") throw new Error(`bad format: ${text}`);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${text}`);
  return [path, rate];
}

/** `/dev/sda:1mb` */
export function parseDeviceBps(text: string): ThrottleDevice {
  const [path, rate] = deviceAndRate(text);
  try {
    return { Path: path, Rate: parseBytes(rate) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be ` +
        "a positive integer. Unit is optional and can be kb, mb, or gb",
    );
  }
}

/** `/dev/sda:1000` */
export function parseDeviceIops(text: string): ThrottleDevice {
  const [path, rate] = deviceAndRate(text);
  if (!/^\d+$/.test(rate))
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a ` +
        "positive integer",
    );
  return { Path: path, Rate: Number(rate) };
}

/** `/dev/sda:500` */
export function parseDeviceWeight(text: string): { Path: string; Weight: number } {
  const [path, weight] = deviceAndRate(text);
  const value = Number(weight);
  if (!/^\d+$/.test(weight) || value > 65535 || (value > 0 && (value < 10 || value > 1000)))
    throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: value };
}

/** `no`, `always`, `on-failure[:MAX]`, `unless-stopped`; whether the name is one is the engine's to say. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name, count, found] = cut(text, ":");
  if (found && name === "") throw new Error("invalid restart policy format: no policy provided before colon");
  if (count !== "" && !/^[+-]?\d+$/.test(count))
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  return { Name: name, MaximumRetryCount: count === "" ? 0 : Number(count) };
}

const sysctls = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
];

/** Only kernel parameters that a namespace holds may be set. */
export function checkSysctl(text: string): string {
  const [key, , found] = cut(text, "=");
  const allowed =
    found && key !== "" && (sysctls.includes(key) || key.startsWith("net.") || key.startsWith("fs.mqueue."));
  if (!allowed) throw new Error(`sysctl '${text}' is not allowed`);
  return text;
}
