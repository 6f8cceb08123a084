import { RegistryConfigError } from "./config-error.ts";

const sizeUnits: Record<string, number> = { "": 1, b: 1, k: 1024, kb: 1000, kib: 1024, m: 1024 ** 2, mb: 1000 ** 2, mib: 1024 ** 2, g: 1024 ** 3, gb: 1000 ** 3, gib: 1024 ** 3, t: 1024 ** 4, tb: 1000 ** 4, tib: 1024 ** 4 };
const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `10GB`, `512MiB`, `4096`: bytes. Throws for anything else. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = sizeUnits[match?.[2]?.toLowerCase() ?? "?"];
  if (!match || unit === undefined) throw new RegistryConfigError(`${JSON.stringify(text)} is no size: a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB`);
  return Math.round(Number(match[1]) * unit);
}

/** `90s`, `1h30m`, `7d`: milliseconds. Throws for anything else. */
export function parseDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.trim()) {
    throw new RegistryConfigError(`${JSON.stringify(text)} is no duration: numbers with ms, s, m, h, d or w`);
  }
  return parts.reduce((sum, [, number = "0", unit = "ms"]) => sum + Number(number) * (durationUnits[unit] ?? 0), 0);
}

/** Bytes for people: `12.3 MB`. */
export function formatSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}
