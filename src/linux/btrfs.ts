import { basename, dirname } from "node:path";
import { close, openDir } from "./at.ts";
import { check, libc, ptr, SystemError } from "./syscall.ts";

/** Of linux/btrfs.h. Names and paths below are those of files of one btrfs. */
const BTRFS_IOC_SUBVOL_CREATE = 0x5000_940e;
const BTRFS_IOC_SNAP_CREATE_V2 = 0x5000_9417;
const BTRFS_IOC_SNAP_DESTROY_V2 = 0x5000_943f;
const BTRFS_IOC_TREE_SEARCH = 0xd000_9411;
const BTRFS_IOC_INO_LOOKUP = 0xd000_9412;
const BTRFS_IOC_QUOTA_CTL = 0xc010_9428;
const BTRFS_IOC_QGROUP_CREATE = 0x4010_942a;
const BTRFS_IOC_QUOTA_RESCAN_WAIT = 0x942e;
const BTRFS_IOC_QGROUP_LIMIT = 0x8030_942b;

const BTRFS_SUBVOL_SPEC_BY_ID = 0x10n;
const BTRFS_QUOTA_CTL_ENABLE = 1n;
const BTRFS_QGROUP_LIMIT_MAX_RFER = 1n;
/** The tree of all subvolumes, and in it the key of a subvolume within another: their ids are its ends. */
const ROOT_TREE = 1n;
const ROOT_REF_KEY = 156;
/** The inode at the top of every subvolume. */
const TOP = 256n;

const NAME_MAX = 255;
/** Every argument but those of quotas takes a page. */
const PAGE = 4096;
const SEARCH_RESULTS = 104;
const SEARCH_HEADER = 32;

/**
 * Makes a subvolume, empty or with all that another has at this moment (without subvolumes in that: they are empty
 * directories). Waits until the filesystem has written that down: some milliseconds or more.
 */
export function makeSubvolume(path: string, from: string | null): void {
  const name = nameOf(path);
  const parent = openDir(dirname(path));
  try {
    const args = Buffer.alloc(PAGE);
    if (from === null) {
      name.copy(args, 8);
      check(libc.ioctl(parent, BTRFS_IOC_SUBVOL_CREATE, ptr(args)), "subvolume", path);
      return;
    }
    const source = openDir(from);
    try {
      args.writeBigInt64LE(BigInt(source), 0);
      name.copy(args, 56);
      check(libc.ioctl(parent, BTRFS_IOC_SNAP_CREATE_V2, ptr(args)), "snapshot", path);
    } finally {
      close(source);
    }
  } finally {
    close(parent);
  }
}

/**
 * Removes a subvolume with those in it, however large they are: the filesystem frees them afterwards. Throws ENOENT
 * where there is none.
 */
export function removeSubvolume(path: string): void {
  const parent = openDir(dirname(path));
  try {
    removeById(parent, idOf(path));
  } finally {
    close(parent);
  }
}

/** True where there are subvolumes within this one. */
export function hasSubvolumes(path: string): boolean {
  return on(path, (fd) => childrenOf(fd, idOf(path)).length > 0);
}

/**
 * Limits what a subvolume may refer to, in bytes, what it shares with others included; has the filesystem count from
 * now on, if it did not. Throws EDQUOT where it has more already.
 */
export function limitSubvolume(path: string, bytes: number): void {
  on(path, (fd) => {
    const control = Buffer.alloc(16);
    control.writeBigUInt64LE(BTRFS_QUOTA_CTL_ENABLE, 0);
    check(libc.ioctl(fd, BTRFS_IOC_QUOTA_CTL, ptr(control)), "quota", path);
    // Until it has counted what there is, a limit is none.
    check(libc.ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT, null), "quota", path);
    const limit = Buffer.alloc(48);
    limit.writeBigUInt64LE(idOf(path), 0);
    limit.writeBigUInt64LE(BTRFS_QGROUP_LIMIT_MAX_RFER, 8);
    limit.writeBigUInt64LE(BigInt(bytes), 16);
    check(libc.ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, ptr(limit)), "quota", path);
  });
}

/** `fd` is of any directory. Deepest first: one with others in it stays. */
function removeById(fd: number, id: bigint): void {
  for (const child of childrenOf(fd, id)) removeById(fd, child);
  // Its limit, which nothing else takes away; there is none where nobody counts.
  const group = Buffer.alloc(16);
  group.writeBigUInt64LE(id, 8);
  libc.ioctl(fd, BTRFS_IOC_QGROUP_CREATE, ptr(group));
  const args = Buffer.alloc(PAGE);
  args.writeBigUInt64LE(BTRFS_SUBVOL_SPEC_BY_ID, 16);
  args.writeBigUInt64LE(id, 56);
  check(libc.ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, ptr(args)), "remove subvolume", String(id));
}

function idOf(path: string): bigint {
  return on(path, (fd) => {
    const args = Buffer.alloc(PAGE);
    args.writeBigUInt64LE(TOP, 8);
    check(libc.ioctl(fd, BTRFS_IOC_INO_LOOKUP, ptr(args)), "subvolume", path);
    return args.readBigUInt64LE(0);
  });
}

function childrenOf(fd: number, id: bigint): bigint[] {
  const children: bigint[] = [];
  for (let from = 0n; ; ) {
    const args = Buffer.alloc(PAGE);
    const all = 0xffff_ffff_ffff_ffffn;
    [ROOT_TREE, id, id, from, all, 0n, all].forEach((value, i) => args.writeBigUInt64LE(value, i * 8));
    args.writeUInt32LE(ROOT_REF_KEY, 56);
    args.writeUInt32LE(ROOT_REF_KEY, 60);
    args.writeUInt32LE(PAGE, 64);
    check(libc.ioctl(fd, BTRFS_IOC_TREE_SEARCH, ptr(args)), "subvolumes", String(id));
    const count = args.readUInt32LE(64);
    if (count === 0) return children;
    for (let i = 0, at = SEARCH_RESULTS; i < count; i++) {
      from = args.readBigUInt64LE(at + 16);
      children.push(from);
      at += SEARCH_HEADER + args.readUInt32LE(at + 28);
    }
    from++;
  }
}

function on<T>(path: string, work: (fd: number) => T): T {
  const fd = openDir(path);
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}

function nameOf(path: string): Buffer {
  const name = Buffer.from(basename(path));
  if (name.length > NAME_MAX) throw new SystemError("subvolume", 36, path);
  return name;
}
