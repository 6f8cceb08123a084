import type { Mount } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";

/** Options of `--mount type=tmpfs` in mount(8) words. */
export function tmpfsOptions(options: Mount["TmpfsOptions"], readOnly: boolean): string[] {
  const words = readOnly ? ["ro"] : [];
  if (options?.Mode) words.push(`mode=${options.Mode.toString(8)}`);
  if (options?.SizeBytes) words.push(`size=${sizeWord(options.SizeBytes)}`);
  for (const option of options?.Options ?? []) {
    if (option.length < 1 || option.length > 2) throw invalid("invalid option array length");
    const [name = "", value] = option;
    if (name !== "exec" && name !== "noexec") throw invalid(`invalid option: ${name}`);
    words.push(value === undefined ? name : `${name}=${value}`);
  }
  return words;
}

function sizeWord(bytes: number): string {
  for (const [suffix, unit] of [
    ["g", 1 << 30],
    ["m", 1 << 20],
    ["k", 1 << 10],
  ] as const) {
    if (bytes % unit === 0) return `${bytes / unit}${suffix}`;
  }
  return String(bytes);
}
