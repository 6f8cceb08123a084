/** The words a `-v` string may end in: `ro,z,rslave,nocopy`. At most one of each family. */
const families: readonly (readonly string[])[] = [
  ["rw", "ro"],
  ["z", "Z"],
  ["private", "rprivate", "slave", "rslave", "shared", "rshared"],
  ["nocopy"],
  ["consistent", "cached", "delegated"],
  ["idmap"],
];

/** The mount propagation of a bind mount that names none, as in Docker. */
export const defaultPropagation = "rprivate";
/** The words for mount propagation that a bind mount may have; see mount(2) for what they mean. */
export const propagations: readonly string[] = families[2] ?? [];

/** Of a tmpfs there are two more. */
export const tmpfsPropagations: readonly string[] = [...propagations, "unbindable", "runbindable"];

/** Whether the text is a list of known words, at most one of each family; empty is valid. Pure. */
export function isValidMode(mode: string): boolean {
  if (mode === "") return true;
  const words = mode.split(",");
  if (!words.every((word) => families.some((family) => family.includes(word)))) return false;
  return families.every((family) => words.filter((word) => family.includes(word)).length <= 1);
}

/** Whether the word `ro` is in the mode. */
export function isReadOnly(mode: string): boolean {
  return mode.split(",").includes("ro");
}

/** Whether the word `nocopy` is in the mode: a new volume is not filled with what the image has at its place. */
export function isNoCopy(mode: string): boolean {
  return mode.split(",").includes("nocopy");
}

/** Whether the word `idmap` is in the mode: what the source's owner owns shows as the container's user's. */
export function matchesUser(mode: string): boolean {
  return mode.split(",").includes("idmap");
}

/** Undefined where the mode names none. */
export function propagationOf(mode: string): string | undefined {
  return mode.split(",").find((word) => propagations.includes(word));
}
