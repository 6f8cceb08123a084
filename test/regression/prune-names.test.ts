/** `image prune -a` keeps the names that containers were made by, whichever others there are. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";
import { blobOf, digestOf, pushImage } from "../registry/content.ts";
import { RegistryProcess } from "../registry/process.ts";

let daemon: Daemon;
let registry: RegistryProcess;
/** A container that images are made of, and that keeps its own. */
let base: string;
beforeAll(async () => {
  daemon = await Daemon.start();
  base = await daemon.ok("create", "busybox");
  registry = await RegistryProcess.start();
  const layer = await new Bun.Archive({ f: "x" }).bytes();
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["x"] },
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  });
  await pushImage(registry, "a/b", "1", { layers: [blobOf(Bun.gzipSync(layer))], config });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const names = async () =>
  (await daemon.api("GET", "/images/json")).json
    .flatMap(({ RepoTags, RepoDigests }: { RepoTags: string[]; RepoDigests: string[] }) => [
      ...RepoTags,
      ...RepoDigests,
    ])
    .filter((name: string) => !name.startsWith("busybox:"))
    .sort();

/**
 * The names that are left of `all`, which mean one image, once containers were made by `used` and what nobody needs was
 * pruned.
 */
async function left(all: string[], used: string[], run = false): Promise<string[]> {
  const id = await daemon.ok("commit", "-c", `LABEL n=${Math.random()}`, base, all[0] ?? "");
  for (const name of all.slice(1)) await daemon.ok("tag", id, name);
  return pruned(id, used, run);
}

async function pruned(id: string, used: string[], run = false): Promise<string[]> {
  const containers: string[] = [];
  for (const name of used) {
    const image = { ID: id, SHORT: id.slice(7, 19) }[name] ?? name;
    containers.push(await daemon.ok(...(run ? ["run", "-d"] : ["create"]), image, "sleep", "1000"));
  }
  await daemon.ok("image", "prune", "-af");
  const found = await names();
  await daemon.ok("rm", "-f", ...containers);
  await daemon.ok("rmi", "-f", id);
  return found;
}

test("by a name, of a stopped container and of one that runs", async () => {
  for (const run of [false, true]) {
    expect(await left(["one:a", "one:b", "other:x"], ["one:a"], run)).toEqual(["one:a"]);
    expect(await left(["one:a", "one", "other:x"], ["one"], run)).toEqual(["one:latest"]);
  }
  expect(await left(["one:a", "one:b", "other:x"], ["one:b", "docker.io/library/other:x"])).toEqual([
    "one:b",
    "other:x",
  ]);
});

test("by an id, or a name that means another image now: the last name, as in Docker", async () => {
  for (const id of ["ID", "SHORT"]) {
    expect(await left(["one:a", "one:b", "other:x"], [id])).toEqual(["other:x"]);
    expect(await left(["one:a"], [id])).toEqual(["one:a"]);
  }
  const id = await daemon.ok("commit", base, "moved:a");
  await daemon.ok("tag", id, "moved:b");
  const made = await daemon.ok("create", "moved:a");
  await daemon.ok("tag", "busybox", "moved:a");
  await daemon.ok("image", "prune", "-af");
  expect(await names()).toEqual(["moved:b"]);
  await daemon.ok("rm", made);
  await daemon.ok("rmi", id);
});

test("a pulled image keeps its digest beside the name, and its tag beside the digest", async () => {
  const repository = `${registry.address}/a/b`;
  for (const by of ["tag", "digest", "other"]) {
    await daemon.ok("pull", "-q", `${repository}:1`);
    await daemon.ok("tag", `${repository}:1`, "other:x");
    const [image] = (await daemon.api("GET", "/images/json")).json.filter(({ RepoTags }: { RepoTags: string[] }) =>
      RepoTags.includes("other:x"),
    );
    const [digest = ""] = image.RepoDigests;
    const whole = [`${repository}:1`, digest].sort();
    expect(await pruned(image.Id, [by === "tag" ? `${repository}:1` : by === "digest" ? digest : "other:x"])).toEqual(
      by === "other" ? ["other:x"] : whole,
    );
  }
});
