import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Says in a file which process the daemon is; the file goes with the returned value. Throws where another process that
 * is still there has it. An empty path: no file.
 */
export function writePidfile(path: string): Disposable {
  if (path === "") return { [Symbol.dispose]: () => {} };
  const pid = existsSync(path) ? Number(readFileSync(path, "utf8").trim()) : 0;
  if (pid > 0 && pid !== process.pid && isDaemon(pid))
    throw new Error(`process with PID ${pid} is still running (pid file ${path})`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${process.pid}`, { mode: 0o644 });
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** Numbers come back after a crash, most of all after a reboot: only a daemon counts. */
function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes("daemon");
  } catch {
    return false;
  }
}
