/** The words a `-v` string may end in: `ro,z,rslave,nocopy`. At most one of each family. */
const families: readonly (readonly string[])[] = [
  ["rw", "ro"],
  ["z", "Z"],
  ["private", "rprivate", "slave", "rslave", "shared", "rshared"],
  ["nocopy"],
  ["consistent", "cached", "delegated"],
];

export const defaultPropagation = "rprivate";
export const propagations: readonly string[] = families[2] ?? [];

export function isValidMode(mode: string): boolean {
  if (mode === "") return true;
  const words = mode.split(",");
  if (!words.every((word) => families.some((family) => family.includes(word)))) return false;
  return families.every((family) => words.filter((word) => family.includes(word)).length <= 1);
}

export function isReadOnly(mode: string): boolean {
  return mode.split(",").includes("ro");
}

export function isNoCopy(mode: string): boolean {
  return mode.split(",").includes("nocopy");
}

/** Undefined where the mode names none. */
export function propagationOf(mode: string): string | undefined {
  return mode.split(",").find((word) => propagations.includes(word));
}
