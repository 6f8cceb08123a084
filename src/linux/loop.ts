import { readFileSync } from "node:fs";
import { hasCode } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { close, O } from "./at.ts";
import { mount } from "./mount.ts";
import { readMounts } from "./mountinfo.ts";
import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

/** Of linux/loop.h. */
const LOOP_CLR_FD = 0x4c01;
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_AUTOCLEAR = 4;
const EBUSY = 16;

/**
 * Mounts the filesystem in a file. Its loop device is the mount's: it goes by itself with the last mount of it, no
 * matter who ends how.
 */
export function mountImage(image: string, target: string, type: string, data = ""): void {
  const device = attach(image);
  try {
    mount(device.path, target, type, 0, data);
  } finally {
    // Without a mount the device goes with this.
    close(device.fd);
  }
}

function attach(image: string): { fd: number; path: string } {
  const file = open(image);
  try {
    for (;;) {
      const path = `/dev/loop${freeDevice()}`;
      const fd = open(path);
      if (libc.ioctl(fd, LOOP_CONFIGURE, ptr(loopConfig(file, image))) === 0) return { fd, path };
      const code = errno();
      close(fd);
      // Somebody else has taken it meanwhile.
      if (code !== EBUSY) throw new SystemError("loop device", code, image);
    }
  } finally {
    close(file);
  }
}

function freeDevice(): number {
  const control = open("/dev/loop-control");
  try {
    return check(libc.ioctl(control, LOOP_CTL_GET_FREE, null), "loop device");
  } finally {
    close(control);
  }
}

/** struct loop_config: the file, its block size (0: the usual one), struct loop_info64, room for more. */
function loopConfig(file: number, name: string): Buffer {
  const config = Buffer.alloc(304);
  config.writeUInt32LE(file, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR, 8 + 52);
  Buffer.from(name)
    .subarray(0, 63)
    .copy(config, 8 + 56);
  return config;
}

function open(path: string): number {
  const name = cstr(path);
  return check(libc.open(ptr(name), O.RDWR | O.CLOEXEC, 0), "open", path);
}

/** Loop devices of files below a directory that nothing has mounted: device and file. */
export function idleLoops(directory: string): { device: string; image: string }[] {
  const mounted = new Set(readMounts().map(({ source }) => source));
  return namesIn("/sys/block").flatMap((name) => {
    const device = `/dev/${name}`;
    if (!name.startsWith("loop") || mounted.has(device)) return [];
    const image = backingFile(name);
    return image?.startsWith(`${directory}/`) ? [{ device, image }] : [];
  });
}

function backingFile(name: string): string | null {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim();
  } catch (error) {
    // It has none.
    if (hasCode(error, "ENOENT", "ENXIO")) return null;
    throw error;
  }
}

/** Takes a device from its file; it goes on for those who have it open. */
export function detachLoop(device: string): void {
  const fd = open(device);
  try {
    check(libc.ioctl(fd, LOOP_CLR_FD, null), "loop device", device);
  } finally {
    close(fd);
  }
}
