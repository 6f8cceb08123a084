import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "../../src/linux/mount.ts";
import { sh, until } from "../harness.ts";
import { endRig, mountsBelow } from "../leftovers.ts";

/** The reference, on a socket of its own. Disposing of it ends it and removes what it holds. */
export async function startDockerd(): Promise<{ host: string } & AsyncDisposable> {
  const root = mkdtempSync("/tmp/berth-dockerd-");
  const bridge = `bd${randomBytes(3).toString("hex")}`;
  const host = `unix://${root}/docker.sock`;
  writeFileSync(join(root, "daemon.json"), "{}");
  await sh(["ip", "link", "add", bridge, "type", "bridge"]);
  await sh(["ip", "address", "add", `10.199.${randomBytes(1)[0]}.1/24`, "dev", bridge]);
  const child = Bun.spawn(
    [
      "dockerd",
      "--iptables=false",
      "--log-level",
      "fatal",
      "--host",
      host,
      "--data-root",
      join(root, "data"),
      "--exec-root",
      join(root, "exec"),
      "--pidfile",
      join(root, "pid"),
      "--config-file",
      join(root, "daemon.json"),
      "--bridge",
      bridge,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  await until("dockerd to answer", () =>
    fetch("http://d/_ping", { unix: join(root, "docker.sock") }).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      // The reference leaves its mounts.
      for (const target of mountsBelow(root).reverse()) unmount(target, { detach: true });
      await sh(["ip", "link", "delete", bridge]);
      await endRig({ root });
    },
  };
}
