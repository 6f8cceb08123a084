import { check, cstr, libc, ptr } from "./syscall.ts";

/**
 * The lingua franca of storage: images and volumes emit mounts, bundles consume them.
 * The shape is that of the OCI runtime specification (`mounts[]` of config.json).
 */
export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  NOATIME: 1024,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;

/** mount(2). */
export function mount(source: string, target: string, type: string, flags = 0, data = ""): void {
  const [s, t, f, d] = [cstr(source), cstr(target), cstr(type), cstr(data)];
  check(libc.mount(ptr(s), ptr(t), ptr(f), flags, data ? ptr(d) : null), "mount", `${type || "bind"} on ${target}`);
}

/** umount2(2); `detach` lets go at once and frees when the last user is gone. */
export function unmount(target: string, { detach = false } = {}): void {
  const t = cstr(target);
  const UMOUNT_NOFOLLOW = 8;
  const MNT_DETACH = 2;
  check(libc.umount2(ptr(t), UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)), "umount", target);
}
