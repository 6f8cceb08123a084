import { readFileSync } from "node:fs";

/** Differs after each start of the machine. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
