import type { Socket } from "bun";
import { adoptSocket } from "./fd-socket.ts";
import { duplicate } from "./seqpacket.ts";
import { check, cstr, libc, ptr } from "./syscall.ts";

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;

/** Bits of an event, see inotify(7). */
export const inotifyMask = {
  access: 0x1,
  modify: 0x2,
  closeWrite: 0x8,
  open: 0x20,
  ignored: 0x8000,
  oneshot: 0x80000000,
} as const;

/** What happened: bits of {@link inotifyMask}; with a watch on a directory the name of the file in it, else empty. */
export type InotifyListener = (mask: number, name: string) => void;

/**
 * One inotify instance with many watches, for the events that `watchDirectory` cannot tell. Made with the first watch.
 * Listeners are called from the event loop, never within {@link watch}.
 */
export class Inotify implements Disposable {
  #fd: number | null = null;
  #disposed = false;
  #polling: Promise<Socket<undefined>> | null = null;
  readonly #listeners = new Map<number, InotifyListener>();
  readonly #buffer = Buffer.alloc(64 * 1024);

  /** Throws SystemError where the kernel has no watches left (ENOSPC, EMFILE) or there is no such file. */
  watch(path: string, mask: number, listener: InotifyListener): Disposable {
    const fd = this.#open();
    const file = cstr(path);
    const watch = check(libc.inotify_add_watch(fd, ptr(file), mask >>> 0), "inotify_add_watch", path);
    this.#listeners.set(watch, listener);
    return {
      [Symbol.dispose]: () => {
        // Gone already where the file is.
        if (this.#listeners.delete(watch) && this.#fd !== null) libc.inotify_rm_watch(this.#fd, watch);
      },
    };
  }

  /** Tells at once of what has happened so far. */
  flush(): void {
    if (this.#fd === null) return;
    for (;;) {
      const length = Number(libc.read(this.#fd, ptr(this.#buffer), this.#buffer.length));
      if (length <= 0) return;
      for (let at = 0; at < length; ) {
        const [watch, mask, size] = [
          this.#buffer.readInt32LE(at),
          this.#buffer.readUInt32LE(at + 4),
          this.#buffer.readUInt32LE(at + 12),
        ];
        const name = this.#buffer.toString("utf8", at + 16, at + 16 + size).replace(/\0+$/, "");
        at += 16 + size;
        const listener = this.#listeners.get(watch);
        if (mask & inotifyMask.ignored) this.#listeners.delete(watch);
        else listener?.(mask, name);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#listeners.clear();
    if (this.#fd !== null) libc.close(this.#fd);
    this.#fd = null;
    void this.#polling?.then((socket) => socket.terminate());
  }

  #open(): number {
    if (this.#fd === null) {
      this.#fd = check(libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1");
      this.#poll(this.#fd);
    }
    return this.#fd;
  }

  /**
   * The event loop polls a second descriptor as it would a socket: readable, it cannot be received from, and Bun
   * reports that as the closing of the socket (Bun 1.4.5; inotify.test.ts notices a change).
   */
  #poll(fd: number): void {
    const readable = () => {
      if (this.#disposed) return;
      this.flush();
      this.#poll(fd);
    };
    this.#polling = adoptSocket(duplicate(fd), {
      open: (socket) => socket.unref(),
      data() {},
      close: readable,
      error() {},
    });
  }
}
