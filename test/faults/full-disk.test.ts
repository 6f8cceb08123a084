/**
 * The disk below the data root is full: removing works and frees space, what needs space says why not, a restart works.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mount } from "../../src/linux/mount.ts";
import { unmountAll } from "../../src/linux/unmount.ts";
import { type Content, folder, RawClient } from "../buildkit/raw-client.ts";
import { Daemon, sh, until } from "../harness.ts";

const noSpace = /no space left on device/i;

/** A filesystem of its own for the data root. */
async function diskAt(path: string, kind: "tmpfs" | "ext4"): Promise<AsyncDisposable> {
  mkdirSync(path, { recursive: true });
  if (kind === "tmpfs") {
    mount("tmpfs", path, "tmpfs", 0, "size=120m");
    return { [Symbol.asyncDispose]: async () => unmountAll(path) };
  }
  const image = mkdtempSync("/tmp/berth-disk-");
  await sh(["truncate", "-s", "120m", join(image, "disk")]);
  await sh(["mkfs.ext4", "-q", join(image, "disk")]);
  const mounted = await sh(["mount", "-o", "loop", join(image, "disk"), path]);
  if (mounted.exitCode !== 0) throw new Error(mounted.stderr);
  return {
    [Symbol.asyncDispose]: async () => {
      unmountAll(path);
      rmSync(image, { recursive: true });
    },
  };
}

describe.each(["tmpfs", "ext4"] as const)("%s", (kind) => {
  let daemon: Daemon;
  let disk: AsyncDisposable;
  let saved: Uint8Array;
  beforeAll(async () => {
    daemon = await Daemon.start({
      onRoot: async (dataRoot) => {
        disk = await diskAt(dataRoot, kind);
      },
    });
    saved = new Uint8Array(await (await fetch("http://d/images/busybox/get", { unix: daemon.socket })).arrayBuffer());
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  const fill = () =>
    daemon.docker(
      "exec",
      "filler",
      "sh",
      "-c",
      "dd if=/dev/zero of=/fill bs=64k; dd if=/dev/zero of=/fill2 bs=512; sync",
    );
  const free = async () => Number((await sh(["stat", "-f", "-c", "%a", daemon.dataRoot])).stdout);

  test("a build's folder that is larger than the disk fails that build, and gives the space back", async () => {
    const before = await free();
    await using client = await RawClient.open(daemon.engineSocket);
    const build = async (files: Record<string, Content>) => {
      const id = client.name();
      await client.session(id, [folder({ Dockerfile: "FROM scratch\nCOPY . /\n", ...files })], "ctx:full");
      const request = client.request(client.name(), id, { exporters: [] });
      return (await client.solve(request)).error?.message;
    };
    const large = function* () {
      for (let at = 0; at < 200 * 32; at++) yield new Uint8Array(32 * 1024).fill(at);
    };
    expect(await build({ small: "small" })).toBeUndefined();
    const [failed, other] = await Promise.all([build({ large }), build({ large, second: "x" })]);
    expect(failed).toMatch(noSpace);
    expect(other).toMatch(noSpace);
    // But for what the first one left in the cache.
    await until("the space", async () => (await free()) > before - 500);
    expect(await build({ small: "small", more: "more" })).toBeUndefined();
  });

  test("what is there can be removed, and what cannot be made says why", async () => {
    for (const name of ["filler", "other", "third"])
      await daemon.ok("run", "-d", "--name", name, "busybox", "sleep", "1000");
    await daemon.ok("create", "--name", "idle", "busybox", "true");
    await daemon.ok("volume", "create", "before");
    await fill();
    // What little the filling left goes to the first of these.
    const volumes = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        daemon.api("POST", "/volumes/create", { Name: `v${i}`, Labels: { pad: "x".repeat(2000) } }),
      ),
    );
    for (const answer of volumes.filter(({ status }) => status !== 201)) expect(answer.json.message).toMatch(noSpace);
    await fill();
    for (let i = 0; i < 20; i++) {
      const created = await daemon.api("POST", `/containers/create?name=late${i}`, {
        Image: "busybox",
        Labels: { pad: "x".repeat(5000) },
      });
      if (created.status !== 201) expect(created.json.message).toMatch(noSpace);
    }

    // Straight to the daemon's own files: nothing is left when these begin.
    await fill();
    writeFileSync(join(daemon.root, "big"), Buffer.alloc(4 << 20, "b"));
    const copied = await daemon.docker("cp", join(daemon.root, "big"), "other:/big");
    expect(copied.exitCode).not.toBe(0);
    expect(copied.stderr).toMatch(noSpace);
    const put = await daemon.docker("exec", "filler", "true");
    expect([put.exitCode, put.stderr]).toEqual([0, ""]);
    const committed = await daemon.api("POST", "/commit?container=filler&repo=full");
    expect(committed.status).toBe(500);
    expect(committed.json.message).toMatch(noSpace);
    const loaded = await fetch("http://d/images/load", { unix: daemon.socket, method: "POST", body: saved });
    expect(await loaded.text()).toMatch(noSpace);

    expect(await daemon.ok("rm", "-f", "other")).toBe("other");
    await daemon.ok("rm", "idle");
    expect(await daemon.ok("volume", "rm", "before")).toBe("before");
    await daemon.ok("volume", "prune", "-af");
    expect(await daemon.ok("volume", "ls", "-q")).toBe("");
  });

  test("killed there, it starts again and goes on", async () => {
    await fill();
    await daemon.kill();
    await daemon.up();
    expect(await daemon.ok("ps", "--format", "{{.Names}}")).toContain("filler");
    expect(await daemon.ok("info", "--format", "{{.Driver}}")).toBe("overlay2");
    await fill();
    await daemon.restart();
    await daemon.ok("rm", "-f", "third");
    await daemon.ok("container", "prune", "-f");
    const before = await free();
    await daemon.ok("rm", "-f", "filler");
    await until("the space", async () => (await free()) > before + 1000);
    expect(await daemon.ok("run", "--rm", "busybox", "echo", "again")).toBe("again");
  });

  test("names alone do not use up what removing needs", async () => {
    await daemon.ok("run", "-d", "--name", "filler", "busybox", "sleep", "1000");
    await fill();
    let refused = "";
    for (let i = 0; refused === "" && i < 20_000; i++) {
      const tagged = await daemon.api("POST", `/images/busybox/tag?repo=${"r".repeat(200)}&tag=t${i}`);
      if (tagged.status !== 201) refused = tagged.json.message;
    }
    expect(refused).toMatch(noSpace);
    await daemon.kill();
    await daemon.up();
    await daemon.ok("rm", "-f", "filler");
    // Its files go in the background.
    await until(
      "room for another",
      async () => (await daemon.docker("run", "--rm", "busybox", "echo", "again")).stdout === "again\n",
    );
  });
});
