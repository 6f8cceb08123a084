import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import type { CgroupLayout } from "./cgroup.ts";

/** What a cgroup has used. Times in nanoseconds, sizes in bytes. */
export interface CgroupUsage {
  cpu: {
    total: number;
    user: number;
    kernel: number;
    /** By CPU; version 1 only. */
    perCpu?: number[];
    throttling: { periods: number; throttledPeriods: number; throttledTime: number };
  };
  memory: {
    usage: number;
    /** Null: unlimited. */
    limit: number | null;
    /** Version 1 only. */
    maxUsage?: number;
    failures: number;
    /** memory.stat as the kernel writes it. */
    stat: Record<string, number>;
  };
  pids: { current: number; limit: number | null };
  io: { bytes: IoCount[]; operations: IoCount[] };
}

/** What a block device was used for one kind of operation: bytes, or operations. */
export interface IoCount {
  major: number;
  minor: number;
  /** `read`, `write`, … as the kernel names it; version 1 begins with a capital. */
  op: string;
  value: number;
}

/** Clock ticks a second in cpuacct.stat and /proc/stat: fixed for programs on every Linux that matters here. */
const TICKS = 100;
const NANOSECONDS = 1e9;
/** Version 1 says "no limit" by a number of about 2^63. */
const NO_LIMIT = 2 ** 62;

/** Reads a cgroup's accounts; what is missing (a controller, the cgroup itself) counts as nothing. */
export function readCgroupUsage(layout: CgroupLayout, path: string): CgroupUsage {
  return layout.version === 2 ? readUnified(join(layout.unified ?? "", path)) : readLegacy(layout, path);
}

function readUnified(dir: string): CgroupUsage {
  const file = (name: string) => readText(join(dir, name));
  const cpu = parsePairs(file("cpu.stat"));
  const events = parsePairs(file("memory.events"));
  const io = parseIoStat(file("io.stat"));
  return {
    cpu: {
      total: (cpu["usage_usec"] ?? 0) * 1000,
      user: (cpu["user_usec"] ?? 0) * 1000,
      kernel: (cpu["system_usec"] ?? 0) * 1000,
      throttling: {
        periods: cpu["nr_periods"] ?? 0,
        throttledPeriods: cpu["nr_throttled"] ?? 0,
        throttledTime: (cpu["throttled_usec"] ?? 0) * 1000,
      },
    },
    memory: {
      usage: number(file("memory.current")) ?? 0,
      limit: number(file("memory.max")),
      failures: events["max"] ?? 0,
      stat: parsePairs(file("memory.stat")),
    },
    pids: { current: number(file("pids.current")) ?? 0, limit: number(file("pids.max")) },
    io,
  };
}

function readLegacy({ hierarchies }: CgroupLayout, path: string): CgroupUsage {
  const file = (controller: string, name: string) => {
    const mount = hierarchies[controller];
    return mount === undefined ? "" : readText(join(mount, path, name));
  };
  const throttling = parsePairs(file("cpu", "cpu.stat"));
  const ticks = parsePairs(file("cpuacct", "cpuacct.stat"));
  const limit = number(file("memory", "memory.limit_in_bytes"));
  return {
    cpu: {
      total: number(file("cpuacct", "cpuacct.usage")) ?? 0,
      user: number(file("cpuacct", "cpuacct.usage_user")) ?? ((ticks["user"] ?? 0) * NANOSECONDS) / TICKS,
      kernel: number(file("cpuacct", "cpuacct.usage_sys")) ?? ((ticks["system"] ?? 0) * NANOSECONDS) / TICKS,
      perCpu: file("cpuacct", "cpuacct.usage_percpu").trim().split(/\s+/).filter(Boolean).map(Number),
      throttling: {
        periods: throttling["nr_periods"] ?? 0,
        throttledPeriods: throttling["nr_throttled"] ?? 0,
        throttledTime: throttling["throttled_time"] ?? 0,
      },
    },
    memory: {
      usage: number(file("memory", "memory.usage_in_bytes")) ?? 0,
      limit: limit !== null && limit < NO_LIMIT ? limit : null,
      maxUsage: number(file("memory", "memory.max_usage_in_bytes")) ?? 0,
      failures: number(file("memory", "memory.failcnt")) ?? 0,
      stat: parsePairs(file("memory", "memory.stat")),
    },
    pids: { current: number(file("pids", "pids.current")) ?? 0, limit: number(file("pids", "pids.max")) },
    io: {
      bytes: parseLegacyIo(
        file("blkio", "blkio.throttle.io_service_bytes_recursive") || file("blkio", "blkio.io_service_bytes_recursive"),
      ),
      operations: parseLegacyIo(
        file("blkio", "blkio.throttle.io_serviced_recursive") || file("blkio", "blkio.io_serviced_recursive"),
      ),
    },
  };
}

/** Lines of `name number`. */
function parsePairs(text: string): Record<string, number> {
  const pairs: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf(" ");
    if (at > 0) pairs[line.slice(0, at)] = Number(line.slice(at + 1));
  }
  return pairs;
}

/** Version 2: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …` */
export function parseIoStat(text: string): CgroupUsage["io"] {
  const io: CgroupUsage["io"] = { bytes: [], operations: [] };
  for (const line of text.split("\n")) {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    if (!match) continue;
    const device = { major: Number(match[1]), minor: Number(match[2]) };
    for (const field of (match[3] ?? "").split(" ")) {
      const [name, value] = field.split("=");
      const op = name?.startsWith("r") ? "read" : "write";
      if (name === "rbytes" || name === "wbytes") io.bytes.push({ ...device, op, value: Number(value) });
      if (name === "rios" || name === "wios") io.operations.push({ ...device, op, value: Number(value) });
    }
  }
  return io;
}

/** Version 1: `8:0 Read 4096`, and a line `Total` that is left out. */
export function parseLegacyIo(text: string): IoCount[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    return match
      ? [{ major: Number(match[1]), minor: Number(match[2]), op: match[3] ?? "", value: Number(match[4]) }]
      : [];
  });
}

/** Null for `max` and for a file that is not there. */
function number(text: string): number | null {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? null : value;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // EOPNOTSUPP: pressure files and the like, switched off.
    if (hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) return "";
    throw error;
  }
}
