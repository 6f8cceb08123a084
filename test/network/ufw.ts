import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "./machine.ts";

/** The real ufw on a machine of a test's own, with a configuration of its own. */
export function ufwOn(machine: Machine): AsyncDisposable & { ufw(...argv: string[]): Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), "berth-ufw-"));
  cpSync("/etc/ufw", folder, { recursive: true });
  const ufw = (...argv: string[]) =>
    machine.run("unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/ufw && exec ufw "$@"', folder, ...argv);
  return {
    ufw,
    async [Symbol.asyncDispose]() {
      await ufw("--force", "disable").catch(() => {});
      rmSync(folder, { recursive: true });
    },
  };
}
