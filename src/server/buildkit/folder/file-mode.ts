import type { EntryType } from "../../../lib/tar/entry.ts";

/** Bits of Go's `os.FileMode`, in which file transfer tells kinds and permissions. */
const bit = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  fifo: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  char: 0x0020_0000,
  sticky: 0x0010_0000,
};

/** What a file of this mode is; undefined for sockets and what else no image holds. */
export function typeOfMode(mode: number): EntryType | undefined {
  const has = (wanted: number) => (mode & wanted) !== 0;
  if (has(bit.directory)) return "directory";
  if (has(bit.symlink)) return "symlink";
  if (has(bit.device)) return has(bit.char) ? "char" : "block";
  if (has(bit.fifo)) return "fifo";
  return has(bit.socket) ? undefined : "file";
}

/** Its permission bits as the kernel has them (07777). */
export function permissionsOfMode(mode: number): number {
  return (
    (mode & 0o777) |
    ((mode & bit.setuid) !== 0 ? 0o4000 : 0) |
    ((mode & bit.setgid) !== 0 ? 0o2000 : 0) |
    ((mode & bit.sticky) !== 0 ? 0o1000 : 0)
  );
}

/** The other way: kind and permission bits as Go's mode, unsigned. */
export function modeOf(type: EntryType, permissions: number): number {
  const kind = {
    file: 0,
    link: 0,
    directory: bit.directory,
    symlink: bit.symlink,
    char: bit.device | bit.char,
    block: bit.device,
    fifo: bit.fifo,
  }[type];
  return (
    (kind |
      (permissions & 0o777) |
      ((permissions & 0o4000) !== 0 ? bit.setuid : 0) |
      ((permissions & 0o2000) !== 0 ? bit.setgid : 0) |
      ((permissions & 0o1000) !== 0 ? bit.sticky : 0)) >>>
    0
  );
}
