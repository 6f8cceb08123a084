/** Volumes go to registries and come back: whole, checked, and only what is a volume. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setXattr } from "../../src/linux/xattr.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/parse.ts";
import { startRegistry } from "../build/registry.ts";
import { berthBinary, Daemon, type Result, sh } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";

let daemon: Daemon;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  [daemon, registry] = [await Daemon.start(), await startRegistry()];
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});

const data = (name: string) => `${daemon.dataRoot}/volumes/${name}/_data`;
const run = (...argv: string[]): Promise<Result> =>
  sh([berthBinary, "--config", join(daemon.root, "config"), ...argv], { env: { DOCKER_HOST: daemon.host } });
async function ok(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...argv);
  if (exitCode !== 0) throw new Error(`berth ${argv.join(" ")}: exit ${exitCode}: ${stderr}${stdout}\n${daemon.log()}`);
  return stdout.trim();
}
const refused = async (words: string, ...argv: string[]) => {
  const { exitCode, stderr } = await run(...argv);
  expect([stderr.trim(), exitCode]).toEqual([expect.stringContaining(words), 1]);
};
const manifestOf = async (path: string) => {
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  return (await fetch(`http://${path}`, { headers })).bytes();
};
const volumes = () => readdirSync(`${daemon.dataRoot}/volumes`).sort();
const blobs = () => readdirSync(`${daemon.dataRoot}/blobs/sha256`).length;

test("a backup comes back with labels, owners and attributes, from an old registry too", async () => {
  await ok("volume", "create", "--label", "team=a", "data");
  mkdirSync(`${data("data")}/sub`);
  writeFileSync(`${data("data")}/sub/file`, "content");
  setXattr(`${data("data")}/sub/file`, "user.note", Buffer.from("hello"));
  await sh(["chown", "12:34", `${data("data")}/sub/file`]);
  const before = blobs();
  await using own = await RegistryProcess.start();
  for (const host of [registry.host, own.address]) {
    const name = `${host}/team/data:1`;
    expect(await ok("volume", "backup", "data", name)).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    // What was packed for it is nowhere named, and goes.
    expect(blobs()).toBe(before);
    await refused("a volume with the name data exists already", "volume", "restore", name);
    expect(await ok("volume", "restore", "-q", "--label", "b=c", name, "again")).toBe("again");
    expect(blobs()).toBe(before);
    expect(await ok("volume", "inspect", "-f", "{{json .Labels}}", "again")).toBe('{"b":"c","team":"a"}');
    const { stdout } = await sh(["sh", "-c", `cd ${data("again")} && stat -c '%n %u:%g %a %Y' sub/file`]);
    expect(stdout).toBe((await sh(["sh", "-c", `cd ${data("data")} && stat -c '%n %u:%g %a %Y' sub/file`])).stdout);
    expect(readFileSync(`${data("again")}/sub/file`, "utf8")).toBe("content");
    await ok("volume", "rm", "again");
  }
  const manifest = parseManifest(await manifestOf(`${registry.host}/v2/team/data/manifests/1`));
  expect(manifest).toMatchObject({
    artifactType: "application/vnd.berth.volume.v1",
    config: { mediaType: "application/vnd.berth.volume.config.v1+json" },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" }],
  });
  await ok("volume", "rm", "data");
  expect(await ok("volume", "restore", "-q", `${registry.host}/team/data:1`)).toBe("data");
});

test("what is no volume, not there, or not what its digest says is refused, and nothing is left", async () => {
  const { host, root } = registry;
  const before = volumes();
  await daemon.ok("tag", "busybox", `${host}/team/image:1`);
  await daemon.ok("push", `${host}/team/image:1`);
  await refused("image:1 is no backup of a volume", "volume", "restore", `${host}/team/image:1`, "none");
  await refused("manifest unknown", "volume", "restore", `${host}/team/none:1`, "none");
  await refused("connection refused", "volume", "restore", "127.0.0.1:1/team/none:1", "none");
  await refused("get none: no such volume", "volume", "backup", "none", `${host}/team/none:1`);
  await refused("cannot push a digest reference", "volume", "backup", "data", `${host}/x@sha256:${"0".repeat(64)}`);
  const answer = await daemon.api("POST", "/berth/volumes/restore", { Reference: "Wrong/" });
  expect([answer.status, answer.json.message]).toEqual([400, expect.stringContaining("invalid reference format")]);

  await ok("volume", "create", "victim");
  writeFileSync(`${data("victim")}/file`, "x".repeat(100_000));
  await ok("volume", "backup", "-q", "victim", `${host}/team/victim:1`);
  const manifest = parseManifest(await manifestOf(`${host}/v2/team/victim/manifests/1`));
  const hex = hexOf(manifest.layers[0]?.digest ?? "");
  const stored = `${root}/data/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
  const bytes = readFileSync(stored);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(stored, bytes);
  await ok("volume", "rm", "victim");
  await refused("digest", "volume", "restore", `${host}/team/victim:1`);
  expect(volumes()).toEqual(before);
});

test("a daemon that is killed amid a restore leaves the volume whole or not at all", async () => {
  await ok("volume", "create", "large");
  await sh(["sh", "-c", `cd ${data("large")} && seq 3000 | xargs touch && head -c 30000000 /dev/urandom >last`]);
  const name = `${registry.host}/team/large:1`;
  await ok("volume", "backup", "-q", "large", name);
  for (const wait of [50, 150, 250, 400]) {
    const restore = run("volume", "restore", name, "half");
    await Bun.sleep(200 + wait);
    await daemon.kill();
    await restore;
    await daemon.up();
    const there = (await daemon.api("GET", "/volumes/half")).status === 200;
    if (there) expect(readdirSync(data("half")).length).toBe(3001);
    expect(volumes().filter((volume) => volume !== "half" && !["data", "large"].includes(volume))).toEqual([]);
    expect(volumes().includes("half")).toBe(there);
    await ok("volume", "rm", "-f", "half");
  }
  expect(await ok("volume", "restore", "-q", name, "half")).toBe("half");
  expect(readdirSync(data("half")).length).toBe(3001);
});
