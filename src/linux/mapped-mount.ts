import { check, cstr, libc, ptr } from "./syscall.ts";

const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_mount_setattr = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_SYMLINKS = 0x10;
const MOUNT_ATTR_IDMAP = 0x100000;

/**
 * Binds `source` upon `target`, where the owners of files are others: an id that is inside of the user namespace of the
 * descriptor `userns` shows as the one outside of it, and what is written goes the other way. `recursive`: with what is
 * mounted below. Throws SystemError: EINVAL where a file system cannot, ENOSYS before Linux 5.12, EPERM where the mount
 * is mapped already.
 */
export function mountMapped(source: string, target: string, userns: number, { recursive = false } = {}): void {
  const [from, to, nothing] = [cstr(source), cstr(target), cstr("")];
  const deep = recursive ? AT_RECURSIVE : 0;
  const open = libc.syscall(SYS_open_tree, AT_FDCWD, ptr(from), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep, 0, 0, 0);
  const tree = check(open, "open_tree", source);
  try {
    const attributes = new BigUint64Array([BigInt(MOUNT_ATTR_IDMAP), 0n, 0n, BigInt(userns)]);
    const size = attributes.byteLength;
    const set = libc.syscall(SYS_mount_setattr, tree, ptr(nothing), AT_EMPTY_PATH | deep, ptr(attributes), size, 0);
    check(set, "mount_setattr", source);
    const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
    const moved = libc.syscall(SYS_move_mount, tree, ptr(nothing), AT_FDCWD, ptr(to), flags, 0);
    check(moved, "move_mount", target);
  } finally {
    libc.close(tree);
  }
}
