import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { MS, mount } from "./mount.ts";
import { check, cstr, errno, libc, ptr, SystemError } from "./syscall.ts";
import { withProcess } from "./user-namespace.ts";

/**
 * Network namespaces kept by a bind-mounted file, so that they live without a process (as `ip netns` does).
 *
 * A thread in another namespace passes that namespace on to every thread it starts, and Bun starts threads when it
 * pleases (for garbage collection, for compiling): such a thread would hold a dead container's namespace for as long
 * as it lives. So the visits below are as short as can be: straight lines of system calls that allocate nothing.
 * What is opened inside (a socket, a sysctl) belongs to the namespace for good and is used from outside.
 */

const CLONE_NEWNET = 0x4000_0000;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_CLOEXEC = 0o2000000;
const own = cstr("/proc/thread-self/ns/net");

/** A descriptor of the network namespace the thread is in. */
function openOwn(): number {
  return check(libc.open(ptr(own), O_RDONLY | O_CLOEXEC, 0), "open", "/proc/thread-self/ns/net");
}

/**
 * Returns to the daemon's own namespace. If that fails the process ends: every socket it opened later would be in the
 * wrong namespace.
 */
function goHome(home: number): void {
  if (libc.setns(home, CLONE_NEWNET) !== 0) process.abort();
  libc.close(home);
}

/** A network namespace held open. */
export class Netns implements Disposable {
  readonly #fd: number;

  /** Opens the namespace kept at `path`. */
  constructor(readonly path: string) {
    const p = cstr(path);
    this.#fd = check(libc.open(ptr(p), O_RDONLY | O_CLOEXEC, 0), "open", path);
  }

  /** For requests that name a namespace by descriptor. Stays this object's. */
  get fd(): number {
    return this.#fd;
  }

  /** socket(2) inside; the descriptor is the caller's. */
  socket(domain: number, type: number, protocol: number): number {
    const home = openOwn();
    let failure = 0;
    let fd = -1;
    if (libc.setns(this.#fd, CLONE_NEWNET) === 0) {
      fd = libc.socket(domain, type | O_CLOEXEC, protocol);
      if (fd < 0) failure = errno();
    } else failure = errno();
    goHome(home);
    if (failure !== 0) throw new SystemError("socket", failure, `in ${this.path}`);
    return fd;
  }

  /** Writes a `net.*` sysctl of the namespace. Dots of `name` are separators unless it has slashes. */
  sysctl(name: string, value: string): void {
    const path = sysctlPath(name);
    const p = cstr(path);
    const pathPointer = ptr(p);
    const home = openOwn();
    let failure = 0;
    let fd = -1;
    if (libc.setns(this.#fd, CLONE_NEWNET) === 0) {
      fd = libc.open(pathPointer, O_WRONLY | O_CLOEXEC, 0);
      if (fd < 0) failure = errno();
    } else failure = errno();
    goHome(home);
    if (failure !== 0) throw new SystemError("open", failure, path);
    try {
      const text = cstr(value);
      check(libc.write(fd, ptr(text), text.length - 1), "write", path);
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd);
  }
}

/**
 * Makes a network namespace and keeps it at `path`, which must not exist yet. `userns`: a descriptor of the user
 * namespace that it belongs to, in which its root may then do there what root may; absent: the daemon's.
 */
export async function createNetns(path: string, userns?: number): Promise<Netns> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  closeSync(openSync(path, "wx", 0o444));
  try {
    if (userns === undefined) keep(path);
    else {
      const user = `--user=/proc/${process.pid}/fd/${userns}`;
      await withProcess(["nsenter", user, "unshare", "--net"], "net", (pid) =>
        mount(`/proc/${pid}/ns/net`, path, "", MS.BIND),
      );
    }
    return new Netns(path);
  } catch (error) {
    removeNetns(path);
    throw error;
  }
}

function keep(path: string): void {
  const fd = unshareNetns();
  try {
    mount(`/proc/self/fd/${fd}`, path, "", MS.BIND);
  } finally {
    libc.close(fd);
  }
}

/** A descriptor of a namespace that nothing else keeps yet. */
function unshareNetns(): number {
  const ownPointer = ptr(own);
  const home = openOwn();
  let failure = 0;
  let fd = -1;
  if (libc.unshare(CLONE_NEWNET) === 0) {
    fd = libc.open(ownPointer, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) failure = errno();
  } else failure = errno();
  goHome(home);
  if (failure !== 0) throw new SystemError("unshare", failure, "network namespace");
  return fd;
}

/** Lets go of the namespace kept at `path`; it ends with its last process or socket. Nothing there: does nothing. */
export function removeNetns(path: string): void {
  const target = cstr(path);
  const MNT_DETACH = 2;
  const UMOUNT_NOFOLLOW = 8;
  // Until it is no mount point any more: a crash may have left more than one mount.
  while (libc.umount2(ptr(target), MNT_DETACH | UMOUNT_NOFOLLOW) === 0);
  const code = errno();
  const [ENOENT, EINVAL] = [2, 22];
  if (code !== EINVAL && code !== ENOENT) throw new SystemError("umount", code, path);
  rmSync(path, { force: true });
}

/** `net.ipv4.ip_forward` or `net/ipv4/conf/eth0.5/…`: where a name has slashes its dots are its own. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.includes("/") ? name : name.replaceAll(".", "/")}`;
}
