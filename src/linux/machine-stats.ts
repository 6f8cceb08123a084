import { readFileSync } from "node:fs";
import { hasCode } from "../lib/errors.ts";

const TICK = 1e9 / 100;

/** Processor time of the whole machine since boot in nanoseconds (idle included), and how many processors share it. */
export function readSystemCpu(text = readFileSync("/proc/stat", "utf8")): { usage: number; online: number } {
  let usage = 0;
  let online = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith("cpu")) break;
    // user, nice, system, idle, iowait, irq, softirq
    if (line.startsWith("cpu "))
      usage =
        line
          .trim()
          .split(/\s+/)
          .slice(1, 8)
          .reduce((sum, field) => sum + Number(field), 0) * TICK;
    else online++;
  }
  return { usage, online };
}

/** Bytes of memory the machine has. */
export function readTotalMemory(text = readFileSync("/proc/meminfo", "utf8")): number {
  return Number(/^MemTotal:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Traffic of one network interface. */
export interface InterfaceCounts {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** The interfaces of a process's network namespace but the loopback, by name; empty where the process is gone. */
export function readInterfaces(pid: number): Record<string, InterfaceCounts> {
  try {
    return parseNetDev(readFileSync(`/proc/${pid}/net/dev`, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EINVAL")) return {};
    throw error;
  }
}

/** /proc/net/dev: two lines of heading, then eight numbers each for what came in and what went out. */
export function parseNetDev(text: string): Record<string, InterfaceCounts> {
  const interfaces: Record<string, InterfaceCounts> = {};
  for (const line of text.split("\n").slice(2)) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).trim();
    if (at < 0 || name === "lo") continue;
    const [
      rxBytes = 0,
      rxPackets = 0,
      rxErrors = 0,
      rxDropped = 0,
      ,
      ,
      ,
      ,
      txBytes = 0,
      txPackets = 0,
      txErrors = 0,
      txDropped = 0,
    ] = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    interfaces[name] = { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped };
  }
  return interfaces;
}
