/** Servers of the test's own, on loopback, of what a build fetches. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeContext } from "../build/context.ts";
import { freePort, sh, until } from "../harness.ts";

/** Files by path over HTTP. */
export function served(files: Record<string, string | Uint8Array | Bun.BunFile>): { url: string } & Disposable {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const file = files[new URL(request.url).pathname];
      return file === undefined ? new Response("", { status: 404 }) : new Response(file);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

/** A git server with a repository of these commits, each of further files, on `main`; the first is tagged `v1`. */
export async function gitServer(
  scratch: string,
  commits: Record<string, string>[],
): Promise<{ url: string } & AsyncDisposable> {
  const base = mkdtempSync(join(scratch, "git-"));
  const work = writeContext(base, {});
  const git = async (...args: string[]) => {
    const done = await sh(["git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
    if (done.exitCode !== 0) throw new Error(done.stderr);
  };
  await git("init", "-q", "-b", "main");
  for (const [at, files] of commits.entries()) {
    await sh(["cp", "-a", `${writeContext(base, files)}/.`, work]);
    await git("add", ".");
    await git("commit", "-q", "-m", `${at}`);
    if (at === 0) await git("tag", "v1");
  }
  await git("clone", "-q", "--bare", work, join(base, "repo.git"));
  writeFileSync(join(base, "repo.git/git-daemon-export-ok"), "");
  const port = freePort();
  const url = `git://127.0.0.1:${port}/repo.git`;
  const daemon = Bun.spawn(
    ["git", "daemon", `--base-path=${base}`, "--listen=127.0.0.1", `--port=${port}`, "--reuseaddr"],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  await until("the git server", async () => (await sh(["git", "ls-remote", url])).exitCode === 0);
  return {
    url,
    async [Symbol.asyncDispose]() {
      daemon.kill();
      await daemon.exited;
    },
  };
}
