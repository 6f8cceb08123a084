import { own } from "../lib/own.ts";
import { MS } from "./mount.ts";

/** Words of mount(8)'s `-o` that are flags of mount(2): [bit, set or clear]. */
const flagWords: Record<string, [number, boolean]> = {
  ro: [MS.RDONLY, true],
  rw: [MS.RDONLY, false],
  nosuid: [MS.NOSUID, true],
  suid: [MS.NOSUID, false],
  nodev: [MS.NODEV, true],
  dev: [MS.NODEV, false],
  noexec: [MS.NOEXEC, true],
  exec: [MS.NOEXEC, false],
  sync: [16, true],
  async: [16, false],
  dirsync: [128, true],
  remount: [MS.REMOUNT, true],
  mand: [64, true],
  nomand: [64, false],
  noatime: [MS.NOATIME, true],
  atime: [MS.NOATIME, false],
  nodiratime: [2048, true],
  diratime: [2048, false],
  relatime: [1 << 21, true],
  norelatime: [1 << 21, false],
  strictatime: [1 << 24, true],
  nostrictatime: [1 << 24, false],
  bind: [MS.BIND, true],
  rbind: [MS.BIND | MS.REC, true],
  private: [MS.PRIVATE, true],
  rprivate: [MS.PRIVATE | MS.REC, true],
  slave: [MS.SLAVE, true],
  rslave: [MS.SLAVE | MS.REC, true],
  shared: [MS.SHARED, true],
  rshared: [MS.SHARED | MS.REC, true],
  defaults: [0, true],
};

const propagation = MS.PRIVATE | MS.SLAVE | MS.SHARED;

/** Mount options taken apart for mount(2). */
export interface MountOptions {
  /** Flags of the mount itself. */
  flags: number;
  /** A second call after the mount: propagation is not set together with a bind. 0 for none. */
  propagation: number;
  /** What is left for the file system. */
  data: string;
}

/** Splits a comma list of mount(8) options into the flags and data of mount(2). */
export function parseMountOptions(options: string): MountOptions {
  let flags = 0;
  const data: string[] = [];
  for (const word of options.split(",")) {
    if (!word) continue;
    const flag = own(flagWords, word);
    if (!flag) data.push(word);
    else if (flag[1]) flags |= flag[0];
    else flags &= ~flag[0];
  }
  const spread = flags & propagation ? flags & (propagation | MS.REC) : 0;
  const rest = flags & ~propagation;
  return { flags: flags & MS.BIND ? rest : rest & ~MS.REC, propagation: spread, data: data.join(",") };
}
