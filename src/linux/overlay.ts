import { close, cname, openDir } from "./at.ts";
import { mount } from "./mount.ts";
import { check, errno, libc, ptr, SystemError } from "./syscall.ts";

/** What to mount with overlayfs. */
export interface OverlayMount {
  /** Read-only directories, top first. At least one. */
  lowers: readonly string[];
  /** Absent: the mount is read-only. On one filesystem, neither in use by another mount. */
  writable?: { upper: string; work: string };
  target: string;
  /** No syncing at unmount; the upper directory is worthless after a power failure. */
  volatile?: boolean;
}

/**
 * Mounts an overlay. Features that would make a layer depend on another machine's choices (redirected directories,
 * metadata-only copies, inode indexes) are off. Up to 128 lower directories work on every kernel: through fsconfig(2)
 * `lowerdir+` (Linux 6.5) and before that through mount(2), whose one page of options is kept short by naming the
 * directories by descriptor.
 */
export function mountOverlay(request: OverlayMount): void {
  if (request.lowers.length === 0) throw new Error("an overlay needs a lower directory");
  if (!mountByConfig(request)) mountByOptions(request);
}

const fixedOptions = { redirect_dir: "nofollow", metacopy: "off", index: "off" };

const SYS = { move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432 } as const;
const CLOEXEC = 1;
const CONFIG = { FLAG: 0, STRING: 1, CREATE: 6 } as const;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_RDONLY = 1;
const AT_FDCWD = -100;

/** False where the kernel does not know `lowerdir+`. */
function mountByConfig({ lowers, writable, target, volatile }: OverlayMount): boolean {
  const fsType = cname("overlay");
  const fs = Number(libc.syscall(SYS.fsopen, ptr(fsType), CLOEXEC, 0, 0, 0, 0));
  if (fs < 0) {
    const code = errno();
    if (code === 38) return false;
    throw new SystemError("fsopen", code, "overlay");
  }
  try {
    // Before it knows `lowerdir+`, overlayfs takes any word and complains at the end, with nothing to tell why.
    if (setOption(fs, "no such option", "") || !setOption(fs, "lowerdir+", lowers[0] ?? "")) return false;
    readLog(fs);
    for (const lower of lowers.slice(1)) if (!setOption(fs, "lowerdir+", lower)) throw configError(fs, errno(), lower);
    // The source says nothing, but `df` in a container shows it.
    const options = Object.entries({
      source: "overlay",
      ...(writable && { upperdir: writable.upper, workdir: writable.work }),
      ...fixedOptions,
    });
    for (const [key, value] of options) if (!setOption(fs, key, value)) throw configError(fs, errno(), key);
    if (volatile && writable && !setFlag(fs, "volatile")) throw configError(fs, errno(), "volatile");
    if (Number(libc.syscall(SYS.fsconfig, fs, CONFIG.CREATE, 0, 0, 0, 0)) < 0) throw configError(fs, errno(), target);
    const made = check(
      libc.syscall(SYS.fsmount, fs, CLOEXEC, writable ? 0 : MOUNT_ATTR_RDONLY, 0, 0, 0),
      "fsmount",
      target,
    );
    try {
      const [from, to] = [cname(""), cname(target)];
      check(
        libc.syscall(SYS.move_mount, made, ptr(from), AT_FDCWD, ptr(to), MOVE_MOUNT_F_EMPTY_PATH, 0),
        "move_mount",
        target,
      );
    } finally {
      close(made);
    }
    return true;
  } finally {
    close(fs);
  }
}

function setOption(fs: number, key: string, value: string): boolean {
  const [k, v] = [cname(key), cname(value)];
  return Number(libc.syscall(SYS.fsconfig, fs, CONFIG.STRING, ptr(k), ptr(v), 0, 0)) === 0;
}

function setFlag(fs: number, key: string): boolean {
  const k = cname(key);
  return Number(libc.syscall(SYS.fsconfig, fs, CONFIG.FLAG, ptr(k), 0, 0, 0)) === 0;
}

/** With what the kernel left in the context's log, if it said why. */
function configError(fs: number, code: number, detail: string): SystemError {
  const log = readLog(fs);
  return new SystemError("mount overlay", code, log ? `${detail} (${log})` : detail);
}

/** The next message of the context's log; empty where there is none. */
function readLog(fs: number): string {
  const log = Buffer.alloc(1024);
  const got = Number(libc.read(fs, ptr(log), log.length));
  return got > 0 ? log.toString("utf8", 0, got).trim() : "";
}

/** The old way. Exported for its test: new kernels never come here. */
export function mountByOptions({ lowers, writable, target, volatile }: OverlayMount): void {
  const open: number[] = [];
  try {
    const byFd = (path: string) => {
      const fd = openDir(path);
      open.push(fd);
      return `/proc/self/fd/${fd}`;
    };
    const options = [`lowerdir=${lowers.map(byFd).join(":")}`];
    if (writable) options.push(`upperdir=${byFd(writable.upper)}`, `workdir=${byFd(writable.work)}`);
    for (const [key, value] of Object.entries(fixedOptions)) options.push(`${key}=${value}`);
    if (volatile && writable) options.push("volatile");
    const MS_RDONLY = 1;
    mount("overlay", target, "overlay", writable ? 0 : MS_RDONLY, options.join(","));
  } finally {
    open.forEach(close);
  }
}
