import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

/**
 * Debian's docker-registry on loopback, without TLS. `root`: where it keeps what it has. Disposing of it ends it and
 * removes that.
 */
export async function startRegistry(): Promise<{ host: string; root: string } & AsyncDisposable> {
  const port = freePort();
  const root = mkdtempSync("/tmp/berth-registry-");
  writeFileSync(
    join(root, "config.yml"),
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}, delete: {enabled: ` +
      `true}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const child = Bun.spawn(["docker-registry", "serve", join(root, "config.yml")], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  await until("the registry to listen", () =>
    fetch(`http://127.0.0.1:${port}/v2/`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return {
    host: `127.0.0.1:${port}`,
    root,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await endRig({ root });
    },
  };
}
