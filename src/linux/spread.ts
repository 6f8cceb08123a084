import { close, openDir } from "./at.ts";
import { libc, ptr } from "./syscall.ts";

/** Of linux/fs.h. */
const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_SETFLAGS = 0x4008_6602;
const FS_TOPDIR_FL = 0x2_0000;

/**
 * Asks ext4 to give each directory that is made in this one a part of the disk of its own, as it does for those at its
 * top (`chattr +T`). Else the files of all that lies below share one, where the inodes of those that were just removed
 * are stepped over one by one: without a journal it takes none that is younger than some minutes, and making a file
 * costs the more the more were removed (measured: 5,000 files in 0.5 to 1 s, and in 0.05 s). Other filesystems know no
 * such thing, and need none.
 */
export function spreadChildren(directory: string): void {
  const fd = openDir(directory);
  try {
    const flags = new Uint32Array(2);
    if (libc.ioctl(fd, FS_IOC_GETFLAGS, ptr(flags)) < 0) return;
    const known = flags[0] ?? 0;
    flags[0] = known | FS_TOPDIR_FL;
    if (flags[0] !== known) libc.ioctl(fd, FS_IOC_SETFLAGS, ptr(flags));
  } finally {
    close(fd);
  }
}
