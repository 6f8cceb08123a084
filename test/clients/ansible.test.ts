/** Ansible's modules for Docker look at what there is and change what differs: nothing, the second time. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { dockerCollection, python } from "./packages.ts";

test("community.docker makes things once", async () => {
  const [interpreter, collections] = [await python(), await dockerCollection()];
  await using daemon = await Daemon.start();
  const home = mkdtempSync("/tmp/berth-ansible-");
  try {
    writeFileSync(join(home, "Dockerfile"), "FROM busybox\nLABEL built=here\n");
    const play = async (name: string) => {
      const argv = [
        interpreter,
        "-m",
        "ansible",
        "playbook",
        "--inventory",
        "localhost,",
        "--connection",
        "local",
        "--extra-vars",
        JSON.stringify({ context: home, ansible_python_interpreter: interpreter }),
        join(import.meta.dir, `ansible/${name}.yml`),
      ];
      const env = {
        DOCKER_HOST: daemon.host,
        ANSIBLE_COLLECTIONS_PATH: collections,
        ANSIBLE_LOCAL_TEMP: home,
        ANSIBLE_HOME: home,
        ANSIBLE_NOCOLOR: "1",
        ANSIBLE_PIPELINING: "1",
        LC_ALL: "C.UTF-8",
      };
      const { exitCode, stdout, stderr } = await sh(argv, { env });
      const [changed] = [...stdout.matchAll(/^changed: .*$/gm)].map(([line]) => line);
      const recap = /ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)/.exec(stdout);
      if (exitCode !== 0 || !recap) throw new Error(`exit ${exitCode}: ${stdout.slice(-4000)}${stderr.slice(-2000)}`);
      return { changed: Number(recap[1]), first: changed };
    };
    expect((await play("play")).changed).toBeGreaterThan(4);
    expect(await play("play")).toEqual({ changed: 0, first: undefined });
    expect((await play("gone")).changed).toBe(4);
    expect((await daemon.api("GET", "/containers/json?all=1")).json).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 900_000);
