/**
 * Build caches that leave the engine: through a registry, a folder, and inside an image, from one engine to one that
 * has nothing.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../harness.ts";
import { writeContext } from "./context.ts";
import { startRegistry } from "./registry.ts";

let here: Daemon;
let there: Daemon;
let registry: Awaited<ReturnType<typeof startRegistry>>;
const scratch = mkdtempSync("/tmp/berth-caches-");

beforeAll(async () => {
  [here, there, registry] = await Promise.all([Daemon.start(), Daemon.start({ images: [] }), startRegistry()]);
  await here.ok("tag", "busybox", `${registry.host}/base`);
  await here.ok("push", `${registry.host}/base`);
});
afterAll(async () => {
  await Promise.all([here?.[Symbol.asyncDispose](), there?.[Symbol.asyncDispose](), registry?.[Symbol.asyncDispose]()]);
  rmSync(scratch, { recursive: true, force: true });
});

/** Of each test its own: what ran is seen by what it leaves, and layers of different tests differ. */
const dockerfile = (name: string) =>
  [
    `FROM ${registry.host}/base AS one`,
    `RUN echo ${name} > /one; date +%s%N >> /one`,
    `FROM ${registry.host}/base AS two`,
    `WORKDIR /w`,
    `RUN --mount=type=bind,from=one,source=/one,target=/m cat /m > two`,
    `RUN true`,
    `FROM ${registry.host}/base`,
    `COPY --from=two /w/two /two`,
    `RUN cat /two > /three`,
    `CMD ["cat", "/three"]`,
  ].join("\n");

async function build(engine: Daemon, ...args: string[]): Promise<{ output: string; ran: string[]; cached: number }> {
  const done = await engine.berth("build", "--progress", "plain", ...args);
  const output = done.stdout + done.stderr;
  expect(done.exitCode === 0 ? "" : output).toBe("");
  const labels = new Map([...output.matchAll(/^#(\d+) (\[.*)$/gm)].map(([, number, label]) => [number, label]));
  const cached = new Set([...output.matchAll(/^#(\d+) CACHED$/gm)].map(([, number]) => number));
  const ran = [...labels]
    .filter(([number, label]) => /\] (RUN|COPY|WORKDIR) /.test(label ?? "") && !cached.has(number))
    .map(([, label]) => label ?? "");
  return { output, ran, cached: cached.size };
}

async function forget(engine: Daemon): Promise<void> {
  for (const id of (await engine.ok("images", "-q", "--filter", "reference=res*")).split("\n").filter(Boolean))
    await engine.ok("rmi", "-f", id);
  await engine.ok("image", "prune", "-f");
  await engine.berth("builder", "prune", "-af");
}

test("mode=max through a registry: no step runs, and the image is the same", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("registry") });
  const ref = `${registry.host}/cache:max`;
  const first = await build(here, "-t", "res1", "--cache-to", `type=registry,ref=${ref},mode=max`, root);
  expect(first.output).toContain(`exporting cache to ${ref}`);
  const manifest = (await (
    await fetch(`http://${registry.host}/v2/cache/manifests/max`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    })
  ).json()) as { config: { mediaType: string }; layers: object[] };
  expect(manifest.config.mediaType).toBe("application/vnd.berth.cacheconfig.v1+json");
  expect(manifest.layers.length).toBeGreaterThanOrEqual(5);
  const second = await build(there, "-t", "res1", "--cache-from", `type=registry,ref=${ref}`, root);
  expect(second.ran).toEqual([]);
  expect(await there.ok("inspect", "-f", "{{.Id}}", "res1")).toBe(await here.ok("inspect", "-f", "{{.Id}}", "res1"));
  expect(await there.ok("run", "--rm", "res1")).toBe(await here.ok("run", "--rm", "res1"));

  // A later stage that changes takes the files of the earlier ones from there.
  await forget(there);
  writeFileSync(
    join(root, "Dockerfile"),
    dockerfile("registry").replace(
      "COPY --from=two /w/two /two",
      "COPY --from=two /w/two /other\nCOPY --from=two /w/two /two",
    ),
  );
  const third = await build(there, "-t", "res1", "--cache-from", ref, root);
  expect(third.ran.map((label) => label.replace(/^.*\] /, ""))).toEqual([
    "COPY --from=two /w/two /other",
    "COPY --from=two /w/two /two",
    "RUN cat /two > /three",
  ]);
  expect(await there.ok("run", "--rm", "res1")).toBe(await here.ok("run", "--rm", "res1"));
  await forget(there);
});

test("mode=min knows all steps and holds the result's layers; what it does not hold is done again", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("min") });
  const ref = `${registry.host}/cache:min`;
  await build(here, "-t", "res2", "--cache-to", `type=registry,ref=${ref}`, root);
  const manifest = (await (
    await fetch(`http://${registry.host}/v2/cache/manifests/min`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    })
  ).json()) as { layers: object[] };
  expect(manifest.layers).toHaveLength(2);
  expect((await build(there, "-t", "res2", "--cache-from", `type=registry,ref=${ref}`, root)).ran).toEqual([]);
  expect(await there.ok("run", "--rm", "res2")).toBe(await here.ok("run", "--rm", "res2"));
  await forget(there);
  writeFileSync(join(root, "Dockerfile"), `${dockerfile("min")}\nCOPY --from=one /one /late`);
  const again = await build(there, "-t", "res2", "--cache-from", `type=registry,ref=${ref}`, root);
  expect(again.ran.some((label) => label.includes("RUN echo min"))).toBe(true);
  expect(await there.ok("run", "--rm", "res2", "cat", "/late")).toContain("min");
  await forget(there);
});

test("a folder, from the command line of one to that of the other", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("folder") });
  const folder = join(scratch, "folder");
  await build(here, "-t", "res3", "--cache-to", `type=local,dest=${folder},mode=max`, root);
  expect(readdirSync(folder).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  expect(JSON.parse(readFileSync(join(folder, "index.json"), "utf8")).manifests[0].annotations).toEqual({
    "org.opencontainers.image.ref.name": "latest",
  });
  const taken = await build(there, "-t", "res3", "--cache-from", `type=local,src=${folder}`, root);
  expect(taken.ran).toEqual([]);
  expect(await there.ok("run", "--rm", "res3")).toBe(await here.ok("run", "--rm", "res3"));
  await forget(there);

  // A blob that is damaged costs its step, not the build.
  const blobs = join(folder, "blobs/sha256");
  for (const name of readdirSync(blobs)) {
    const content = readFileSync(join(blobs, name));
    if (content[0] === 0x1f) writeFileSync(join(blobs, name), content.fill(0, 20));
  }
  const damaged = await build(there, "-t", "res3", "--cache-from", `type=local,src=${folder}`, root);
  expect(damaged.output).toContain("WARNING: CacheFrom: cannot take the cache of");
  expect(damaged.ran.some((label) => label.includes("RUN echo folder"))).toBe(true);
  expect(await there.ok("run", "--rm", "res3")).toContain("folder");
  await forget(there);
});

test("inside the image: its layers come only when they are used", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("inline") });
  const name = `${registry.host}/inline:1`;
  await build(here, "-t", name, "--cache-to", "type=inline", "--push", root);
  const taken = await build(there, "-t", "res4", "--cache-from", name, root);
  expect(taken.ran).toEqual([]);
  expect(await there.ok("images", "-q", name)).toBe("");
  expect(await there.ok("run", "--rm", "res4")).toBe(await here.ok("run", "--rm", name));
  await forget(there);
  // As Docker's own command line sends it, parted at the comma.
  const classic = await there.api(
    "POST",
    `/build?remote=none&cachefrom=${encodeURIComponent(JSON.stringify(["type=what", "ref=x"]))}`,
  );
  expect(classic.text).not.toContain("ref=x: a cache is given");
});

test("sources that are not there, and targets that make no sense", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("bad") });
  const missing = await build(
    there,
    "-t",
    "res5",
    "--cache-from",
    `${registry.host}/nothing:here`,
    "--cache-from",
    "type=gha,scope=x",
    "--cache-from",
    `type=local,src=${scratch}/nowhere`,
    root,
  );
  expect(missing.output).toMatch(/WARNING: CacheFrom: cannot take the cache of .*nothing:here/);
  expect(missing.output).toContain('unknown cache importer: "gha"');
  expect(missing.output).toContain("local cache import at");
  for (const [target, message] of [
    ["type=registry", "requires ref"],
    ["type=local", "requires dest"],
    ["type=what", "unknown cache exporter"],
    [`type=registry,ref=${registry.host}/c,mode=mid`, "unsupported cache mode: mid"],
  ] as const) {
    const refused = await there.berth("build", "--cache-to", target, root);
    expect([refused.exitCode !== 0, refused.stderr]).toEqual([true, expect.stringContaining(message)]);
  }
  const unreachable = ["--cache-to", "type=registry,ref=127.0.0.1:1/c:1"];
  expect((await there.berth("build", ...unreachable, root)).exitCode).not.toBe(0);
  expect((await build(there, unreachable[0] ?? "", `${unreachable[1]},ignore-error=true`, root)).output).toContain(
    "WARNING: CacheTo",
  );
  expect(existsSync(join(scratch, "nowhere"))).toBe(false);
});

test("a cache that lies about its layers is passed over", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile("liar") });
  const folder = join(scratch, "liar");
  await build(here, "--cache-to", `type=local,dest=${folder},mode=max`, root);
  const {
    manifests: [entry],
  } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  const at = (digest: string) => join(folder, "blobs", digest.replace(":", "/"));
  const put = (value: object) => {
    const content = JSON.stringify(value);
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`;
    writeFileSync(at(digest), content);
    return { digest, size: content.length };
  };
  const manifest = JSON.parse(readFileSync(at(entry.digest), "utf8"));
  const document = JSON.parse(readFileSync(at(manifest.config.digest), "utf8"));
  document.steps = document.steps.map(([key, , ...rest]: string[]) => [key, `sha256:${"ab".repeat(32)}`, ...rest]);
  const lying = put({ ...manifest, config: { ...manifest.config, ...put(document) } });
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, ...lying }] }));
  const again = await build(there, "-t", "res6", "--cache-from", `type=local,src=${folder}`, root);
  expect(again.ran.length).toBeGreaterThan(4);
  expect(await there.ok("run", "--rm", "res6")).toContain("liar");
});
