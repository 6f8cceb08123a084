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
  writeFileSync(
    `${root}/config.yml`,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${root}/data}}\nhttp: {addr: ` +
      `"127.0.0.1:${port}"}\n`,
  );
  const child = Bun.spawn(["docker-registry", "serve", `${root}/config.yml`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  for (
    let tries = 0;
    !(await fetch(`http://127.0.0.1:${port}/v2/`).then(
      (r) => r.ok,
      () => false,
    ));
    tries++
  ) {
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

/** Rounds of a pull, but for the first. */
const variants = 4;

/** Pull, push and unpack of one large layer (a Debian root of thousands of files) and of 30 small ones. */
export function transferScenarios(host: string): Scenario[] {
  const [big, small] = [`${host}/bench/big`, `${host}/bench/small`];
  let made: Promise<void> | undefined;
  // Another image in each round: ext4 makes files slowly for a minute after as many were deleted.
  const pull = (name: string, ref: string): Scenario => ({
    name,
    weight: variants / 10,
    run: (engine, round) => ok(engine.cli("pull", "-q", ...insecure(engine), `${ref}:${(round + 1) % (variants + 1)}`)),
  });
  const push = (name: string, ref: string): Scenario => ({
    name,
    weight: 0.3,
    run: async (engine, round) => {
      const target = `${host}/push/${engine.name}/${round + 1}-${Date.now()}`;
      await ok(engine.cli("tag", `${ref}:1`, target));
      return ok(engine.cli("push", ...(engine.name === "podman" ? ["--tls-verify=false"] : []), target)).finally(() =>
        engine.cli("rmi", target),
      );
    },
  });
  return [
    {
      ...pull("pull, one layer of a Debian root", big),
      // Made once for all engines, by a builder that is none of them.
      before: () =>
        (made ??= (async () => {
          const root = mkdtempSync("/tmp/bench-image-");
          const buildah = `buildah --root ${root}/s --runroot ${root}/r --storage-driver vfs`;
          const steps = Array.from({ length: 30 }, (_, index) => `RUN head -c 20000 /dev/urandom > /f${index}`).join(
            "\\n",
          );
          try {
            for (const [ref, tar, more, layers] of [
              [big, await rootfsTar("debian"), "", ""],
              [small, await rootfsTar("busybox"), steps, "--layers"],
            ]) {
              for (let variant = 0; variant <= variants; variant++) {
                const { exitCode, stderr } = await command([
                  "sh",
                  "-c",
                  `set -e; rm -rf ${root}/c; mkdir -p ${root}/c; cd ${root}/c; cp ${tar} rootfs.tar; echo ` +
                    `${variant} >variant; tar -rf rootfs.tar variant; printf 'FROM scratch\\nADD rootfs.tar ` +
                    `/\\n${more}\\n' >Dockerfile; ${buildah} bud -q ${layers} --isolation chroot -t made . ` +
                    `>/dev/null; ${buildah} push -q --tls-verify=false made docker://${ref}:${variant}; ` +
                    `${buildah} rmi -a -f >/dev/null`,
                ]);
                if (exitCode !== 0) throw new Error(`making ${ref}: ${stderr}`);
              }
            }
          } finally {
            rmSync(root, { recursive: true, force: true });
          }
          // What was deleted here would slow the first to come.
          await Bun.sleep(60_000);
        })()),
    },
    push("push, one layer of a Debian root", big),
    pull("pull, 30 small layers", small),
    push("push, 30 small layers", small),
  ];
}
