import { close, openDir } from "./at.ts";
import { check, errno, libc, ptr, SystemError } from "./syscall.ts";

/**
 * Project quotas of XFS and ext4: files below a directory belong to a project, a number, and all of a project together
 * may take so many bytes. They need a mount with `prjquota`.
 */
const FS_IOC_FSGETXATTR = 0x801c_581f;
const FS_IOC_FSSETXATTR = 0x401c_5820;
const FS_XFLAG_PROJINHERIT = 0x200;

const SYS_quotactl_fd = 443;
const PRJQUOTA = 2;
const Q_XGETQUOTA = 0x5803;
const Q_XSETQLIM = 0x5804;
const Q_XGETQSTAT = 0x5805;
const FS_QUOTA_PDQ_ENFD = 1 << 5;
const FS_PROJ_QUOTA = 2;
const FS_DQ_BSOFT = 1 << 2;
const FS_DQ_BHARD = 1 << 3;
const ENOENT = 2;
/** Quotas count in such blocks. */
const BLOCK = 512;

/** Whether the filesystem of a directory holds projects to their limits. */
export function projectQuotaWorks(directory: string): boolean {
  const fd = openDir(directory);
  try {
    // struct fs_quota_stat: version 1, padding 1, flags 2, …
    const stat = Buffer.alloc(80);
    return quotactl(fd, Q_XGETQSTAT, 0, stat) === 0 && (stat.readUInt16LE(2) & FS_QUOTA_PDQ_ENFD) !== 0;
  } finally {
    close(fd);
  }
}

/** The project that a directory belongs to; 0: none. */
function projectOf(directory: string): number {
  const fd = openDir(directory);
  try {
    const attributes = Buffer.alloc(28);
    return libc.ioctl(fd, FS_IOC_FSGETXATTR, ptr(attributes)) < 0 ? 0 : attributes.readUInt32LE(12);
  } finally {
    close(fd);
  }
}

/**
 * Gives an empty directory, and whatever will be in it, a project of its own that may take so many bytes. `wish` is the
 * number to begin with: one that has files or a limit is somebody's, the next is tried.
 */
export function limitProject(directory: string, bytes: number, wish: number): void {
  const fd = openDir(directory);
  try {
    let project = wish;
    while (project === 0 || isUsed(fd, project)) project = (project + 1) >>> 0;
    setLimit(fd, project, bytes);
    try {
      // struct fsxattr: flags, extent size, extents, project, copy-on-write extent size, padding.
      const attributes = Buffer.alloc(28);
      check(libc.ioctl(fd, FS_IOC_FSGETXATTR, ptr(attributes)), "project", directory);
      attributes.writeUInt32LE((attributes.readUInt32LE(0) | FS_XFLAG_PROJINHERIT) >>> 0, 0);
      attributes.writeUInt32LE(project, 12);
      check(libc.ioctl(fd, FS_IOC_FSSETXATTR, ptr(attributes)), "project", directory);
    } catch (error) {
      setLimit(fd, project, 0);
      throw error;
    }
  } finally {
    close(fd);
  }
}

/** Forgets the limit of a directory's project. Nothing to do where it has none. */
export function unlimitProject(directory: string): void {
  const project = projectOf(directory);
  if (project === 0) return;
  const fd = openDir(directory);
  try {
    setLimit(fd, project, 0);
  } finally {
    close(fd);
  }
}

/** struct fs_disk_quota, the first half of it: who, the limits, what is taken. */
function quotaOf(project: number): Buffer {
  const quota = Buffer.alloc(112);
  quota.writeInt8(1, 0);
  quota.writeInt8(FS_PROJ_QUOTA, 1);
  quota.writeUInt32LE(project, 4);
  return quota;
}

function isUsed(fd: number, project: number): boolean {
  const quota = quotaOf(project);
  const code = quotactl(fd, Q_XGETQUOTA, project, quota);
  if (code === ENOENT) return false;
  if (code !== 0) throw new SystemError("quotactl", code);
  return quota.readBigUInt64LE(8) > 0n || quota.readBigUInt64LE(40) > 0n;
}

function setLimit(fd: number, project: number, bytes: number): void {
  const quota = quotaOf(project);
  quota.writeUInt16LE(FS_DQ_BHARD | FS_DQ_BSOFT, 2);
  const blocks = BigInt(Math.ceil(bytes / BLOCK));
  quota.writeBigUInt64LE(blocks, 8);
  quota.writeBigUInt64LE(blocks, 16);
  const code = quotactl(fd, Q_XSETQLIM, project, quota);
  if (code !== 0) throw new SystemError("quotactl", code);
}

/** By descriptor (Linux 5.14). Returns the error's number, 0 for none. */
function quotactl(fd: number, command: number, id: number, data: Buffer): number {
  const result = Number(libc.syscall(SYS_quotactl_fd, fd, (command << 8) | PRJQUOTA, id, ptr(data), 0, 0));
  return result < 0 ? errno() : 0;
}
