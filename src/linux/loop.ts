import { close, O } from "./at.ts";
import { mount } from "./mount.ts";
import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";

/** Of linux/loop.h. */
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
