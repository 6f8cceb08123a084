import { readFileSync } from "node:fs";
import { sysctlPath } from "../../linux/namespace.ts";

/** What a setting of the kernel says, by its name (`net/ipv4/ip_forward`); null: the kernel does not have it. */
export function readSetting(name: string): string | null {
  try {
    return readFileSync(sysctlPath(name), "utf8").trim();
  } catch {
    return null;
  }
}
