import { hasCode } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import { unmount } from "../../linux/mount.ts";

/** Milliseconds for a file system that a program serves to say something. */
const limit = 10_000;

/**
 * Whether a directory that a plugin has mounted can be looked at: `there`, or why not. Looked at by a process of its
 * own: where the program behind the file system hangs, whoever looks hangs with it.
 */
export async function probe(path: string): Promise<"there" | Dead | "no such file or directory" | "no answer"> {
  const signal = AbortSignal.timeout(limit);
  const late = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null)));
  const looking = run(["stat", "-L", "-c", "%F", path], { env: { LC_ALL: "C", PATH: "/usr/bin:/bin" }, signal });
  looking.catch(() => {});
  const seen = await Promise.race([looking, late]);
  if (seen === null || signal.aborted) return "no answer";
  if (seen.exitCode === 0) return "there";
  return /not connected|connection abort/i.test(seen.stderr) ? dead : "no such file or directory";
}

const dead = "transport endpoint is not connected";
type Dead = typeof dead;

/** Takes away the mount of a program that is no more, so that its place can be used again. Anything else stays. */
export async function detachIfDead(path: string): Promise<void> {
  if (path === "" || (await probe(path)) !== dead) return;
  try {
    unmount(path, { detach: true });
  } catch (error) {
    // Somebody was faster.
    if (!hasCode(error, "EINVAL", "ENOENT")) throw error;
  }
}
