/**
 * What tests download is kept below `.cache/clients`: made once, in a folder beside, and put in place by renaming, so
 * that nothing half-made is ever used.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { sh } from "../harness.ts";

/** Where everything is kept. */
export const cache = resolve(import.meta.dir, "../../.cache/clients");
const attempts = 4;

/**
 * The folder of what `make` puts into the one it is given, anew for another recipe. A download that breaks off is tried
 * again.
 */
export async function kept(name: string, recipe: string, make: (folder: string) => Promise<void>): Promise<string> {
  const path = join(cache, `${name}-${createHash("sha256").update(recipe).digest("hex").slice(0, 12)}`);
  mkdirSync(cache, { recursive: true });
  for (let attempt = 1; !existsSync(path); attempt++) {
    const scratch = mkdtempSync(join(cache, `.${name}-`));
    try {
      await make(scratch);
      if (!existsSync(path)) renameSync(scratch, path);
    } catch (error) {
      if (attempt === attempts) throw error;
      await Bun.sleep(attempt * 2000);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return path;
}

/** What a program prints that must not fail. */
export async function ok(argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await sh(argv, { timeout: 600_000 });
  if (exitCode !== 0)
    throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr.slice(-2000)}${stdout.slice(-2000)}`);
  return stdout;
}
