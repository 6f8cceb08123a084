import { RegistryConfigError } from "./config-error.ts";

const sizeUnits = new Map([
  ["", 1],
  ["b", 1],
]);
for (const [power, letter] of ["k", "m", "g", "t"].entries()) {
  sizeUnits
    .set(letter, 1024 ** (power + 1))
    .set(`${letter}ib`, 1024 ** (power + 1))
    .set(`${letter}b`, 1000 ** (power + 1));
}
const durationUnits = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** `10GB`, `512MiB`, `4096`: bytes. Throws for anything else. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = sizeUnits.get(match?.[2]?.toLowerCase() ?? "?");
  if (!match || unit === undefined)
    throw new RegistryConfigError(
      `${JSON.stringify(text)} is no size: a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB`,
    );
  return Math.round(Number(match[1]) * unit);
}

/** `90s`, `1h30m`, `7d`: milliseconds. Throws for anything else. */
export function parseDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.trim()) {
    throw new RegistryConfigError(`${JSON.stringify(text)} is no duration: numbers with ms, s, m, h, d or w`);
  }
  return parts.reduce((sum, [, number = "0", unit = "ms"]) => sum + Number(number) * (durationUnits.get(unit) ?? 0), 0);
}
