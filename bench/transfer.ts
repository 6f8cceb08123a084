import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { rootfsTar } from "../scripts/images.ts";
import { command, type Engine, type Outcome } from "./engines.ts";
import type { Scenario } from "./scenarios.ts";

/** A docker-registry of its own that all engines pull from and push to. */
export async function startRegistry(): Promise<{ host: string; stop(): Promise<void> }> {
  const root = mkdtempSync("/tmp/registry-bench-");
  using probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  writeFileSync(`${root}/config.yml`, `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
  const child = Bun.spawn(["docker-registry", "serve", `${root}/config.yml`], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  for (let tries = 0; !(await fetch(`http://127.0.0.1:${port}/v2/`).then((r) => r.ok, () => false)); tries++) {
    if (tries > 500) throw new Error("docker-registry did not come up");
    await Bun.sleep(10);
  }
  return {
    host: `127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await child.exited;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function ok(outcome: Promise<Outcome>): Promise<number> {
  const { ms, exitCode, stderr } = await outcome;
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.trim()}`);
  return ms;
}

const insecure = (engine: Engine) => (engine.name === "podman" ? ["--tls-verify=false"] : []);

/** Pull, push and unpack of one large layer (a Debian root of thousands of files) and of 30 small ones. */
export function transferScenarios(host: string): Scenario[] {
  const [big, small] = [`${host}/bench/big:1`, `${host}/bench/small:1`];
  let made: Promise<void> | undefined;
  const pull = (name: string, ref: string): Scenario => ({
    name, weight: 0.4,
    run: async (engine) => {
      await engine.cli("rmi", "-f", ref);
      return ok(engine.cli("pull", "-q", ...insecure(engine), ref));
    },
  });
  const push = (name: string, ref: string): Scenario => ({
    name, weight: 0.3,
    run: async (engine, round) => {
      const target = `${host}/push/${engine.name}/${round + 1}-${Date.now()}`;
      await ok(engine.cli("tag", ref, target));
      return ok(engine.cli("push", ...(engine.name === "podman" ? ["--tls-verify=false"] : []), target)).finally(() => engine.cli("rmi", target));
    },
  });
  return [
    {
      ...pull("pull, one layer of a Debian root", big),
      // Made once for all engines, by a builder that is none of them.
      before: () => (made ??= (async () => {
        const root = mkdtempSync("/tmp/bench-image-");
        try {
          const tar = await rootfsTar("debian");
          await command(["sh", "-c", `mkdir -p ${root}/b && cd ${root} && printf 'FROM scratch\\nADD rootfs.tar /\\n' > b/Dockerfile && cp ${tar} b/rootfs.tar && buildah --root ${root}/s --runroot ${root}/r --storage-driver vfs bud -q --isolation chroot -t big b && buildah --root ${root}/s --runroot ${root}/r --storage-driver vfs push --tls-verify=false big docker://${big}`]);
          const steps = Array.from({ length: 30 }, (_, index) => `RUN head -c 20000 /dev/urandom > /f${index}`).join("\\n");
          const busybox = await rootfsTar("busybox");
          await command(["sh", "-c", `mkdir -p ${root}/c && cd ${root} && printf 'FROM scratch\\nADD rootfs.tar /\\n${steps}\\n' > c/Dockerfile && cp ${busybox} c/rootfs.tar && buildah --root ${root}/s --runroot ${root}/r --storage-driver vfs bud -q --layers --isolation chroot -t small c && buildah --root ${root}/s --runroot ${root}/r --storage-driver vfs push --tls-verify=false small docker://${small}`]);
        } finally {
          rmSync(root, { recursive: true, force: true });
        }
      })()),
    },
    push("push, one layer of a Debian root", big),
    pull("pull, 30 small layers", small),
    push("push, 30 small layers", small),
  ];
}
