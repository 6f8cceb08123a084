import type { FileAction, Owner as WireOwner } from "../../../api/buildkit/llb.ts";
import { digestOf } from "../../../oci/digest.ts";

/** What an action does by itself, for the cache key: neither where it stands in its operation, nor what it takes. */
export function describe({ copy, makeFile, makeDir, remove, symlink }: FileAction): unknown {
  if (copy) return { copy: { ...copy, timestamp: String(copy.timestamp), owner: owner(copy.owner) } };
  if (makeFile) {
    const { data, timestamp, owner: whose, ...rest } = makeFile;
    return { makeFile: { ...rest, data: digestOf(data), timestamp: String(timestamp), owner: owner(whose) } };
  }
  if (makeDir) return { makeDir: { ...makeDir, timestamp: String(makeDir.timestamp), owner: owner(makeDir.owner) } };
  if (symlink) return { symlink: { ...symlink, timestamp: String(symlink.timestamp), owner: owner(symlink.owner) } };
  return { remove };
}

/** Whose: names and numbers, not where names are looked up. */
function owner(whose: WireOwner | undefined): string {
  return [whose?.user, whose?.group].map((each) => each?.byName?.name ?? each?.byId ?? "").join(":");
}

const bit = { setuid: 0x0080_0000, setgid: 0x0040_0000, sticky: 0x0010_0000 };

/** Permission bits as the kernel has them, of Go's. */
export function permissions(mode: number): number {
  return (
    (mode & 0o7777) |
    ((mode & bit.setuid) !== 0 ? 0o4000 : 0) |
    ((mode & bit.setgid) !== 0 ? 0o2000 : 0) |
    ((mode & bit.sticky) !== 0 ? 0o1000 : 0)
  );
}

/** A time as archives have it: the one that is asked for, else now. */
export function timeOf(timestamp: bigint): { mtime: number; mtimeNanos: number } {
  if (timestamp === -1n) return { mtime: Math.floor(Date.now() / 1000), mtimeNanos: 0 };
  const nanos = ((timestamp % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { mtime: Number((timestamp - nanos) / 1_000_000_000n), mtimeNanos: Number(nanos) };
}
