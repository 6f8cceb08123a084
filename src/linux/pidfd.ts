import type { Socket } from "bun";
import { adoptSocket } from "./fd-socket.ts";
import { check, errno, libc, SystemError } from "./syscall.ts";

// The same on every architecture.
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const ESRCH = 3;

/** A descriptor for a process, or null where there is none with that number. The caller closes it. */
export function openPidfd(pid: number): number | null {
  const fd = Number(libc.syscall(SYS_pidfd_open, pid, 0, 0, 0, 0, 0));
  if (fd >= 0) return fd;
  const code = errno();
  if (code === ESRCH) return null;
  throw new SystemError("pidfd_open", code, String(pid));
}

/** Signals exactly the process the descriptor stands for; false where it has ended. */
export function signalPidfd(pidfd: number, signal: number): boolean {
  if (Number(libc.syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0, 0, 0)) >= 0) return true;
  const code = errno();
  if (code === ESRCH) return false;
  throw new SystemError("pidfd_send_signal", code, `signal ${signal}`);
}

/** Closes what {@link openPidfd} opened. */
export function closePidfd(pidfd: number): void {
  check(libc.close(pidfd), "close");
}

/**
 * Calls back once when a process ends, also one that is no child; soon, where it is already gone. Disposing of the
 * result stops the waiting.
 * The event loop polls the pidfd as it would a socket: it becomes readable at the end, reading it fails, and
 * Bun reports that as the closing of the socket (Bun 1.4.5; pidfd.test.ts notices a change).
 */
export function onProcessEnd(pid: number, ended: () => void): Disposable {
  let waiting = true;
  let socket: Socket<undefined> | null = null;
  const once = () => {
    if (waiting) ended();
    waiting = false;
  };
  const stop = () => {
    waiting = false;
    socket?.terminate();
  };
  const fd = openPidfd(pid);
  if (fd === null) {
    queueMicrotask(once);
  } else {
    void adoptSocket(fd, { data() {}, close: once, error: once }).then((adopted) => {
      socket = adopted;
      if (!waiting) stop();
    });
  }
  return { [Symbol.dispose]: stop };
}
