import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { sh } from "../harness.ts";
import { RegistryProcess } from "./process.ts";

let registry: RegistryProcess;
let work: string;

const ok = async (...argv: string[]) => {
  const result = await sh(argv, { timeout: 120_000 });
  if (result.exitCode !== 0)
    throw new Error(`${argv.join(" ")}: exit ${result.exitCode}: ${result.stderr}\n${registry.log()}`);
  return result.stdout.trim();
};
/** Where buildah keeps its images during the test. */
const buildah = (...args: string[]) =>
  ok("buildah", "--root", join(work, "root"), "--runroot", join(work, "run"), "--storage-driver", "vfs", ...args);

beforeAll(async () => {
  registry = await RegistryProcess.start();
  work = mkdtempSync("/tmp/berth-registry-clients-");
  const tar = await rootfsTar("busybox");
  writeFileSync(join(work, "Containerfile"), 'FROM scratch\nADD root.tar /\nENV A=1\nCMD ["sh"]\n');
  await ok("cp", tar, join(work, "root.tar"));
  await buildah("build", "--isolation", "chroot", "-t", "busybox:test", work);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await sh([
    "buildah",
    "--root",
    join(work, "root"),
    "--runroot",
    join(work, "run"),
    "--storage-driver",
    "vfs",
    "rmi",
    "-a",
    "-f",
  ]);
  rmSync(work, { recursive: true, force: true });
});

test("buildah pushes and pulls", async () => {
  await buildah("push", "--tls-verify=false", "busybox:test", `docker://${registry.address}/tools/busybox:v1`);
  await buildah("rmi", "busybox:test");
  await buildah("pull", "--tls-verify=false", `docker://${registry.address}/tools/busybox:v1`);
  expect(
    JSON.parse(await buildah("inspect", "--type", "image", `${registry.address}/tools/busybox:v1`)).OCIv1.config.Env,
  ).toContain("A=1");
});

test("skopeo copies in and out, in every layout", async () => {
  const source = `docker://${registry.address}/tools/busybox:v1`;
  const inspect = async (name: string) =>
    JSON.parse(await ok("skopeo", "inspect", "--tls-verify=false", `docker://${registry.address}/${name}`));
  const { Layers } = await inspect("tools/busybox:v1");
  for (const [layout, place] of [
    ["dir", join(work, "dir")],
    ["oci", `${join(work, "oci")}:v1`],
    ["docker-archive", `${join(work, "archive.tar")}:a:v1`],
    ["oci-archive", `${join(work, "oci.tar")}:v1`],
  ] as const) {
    await ok("skopeo", "copy", "--src-tls-verify=false", source, `${layout}:${place}`);
    const from = layout === "docker-archive" ? join(work, "archive.tar") : place;
    await ok(
      "skopeo",
      "copy",
      "--dest-tls-verify=false",
      `${layout}:${from}`,
      `docker://${registry.address}/copies/${layout}:v1`,
    );
    const copied = await inspect(`copies/${layout}:v1`);
    expect(copied.Architecture).toBe("amd64");
    // docker-archive holds layers uncompressed: they come back under other digests.
    if (layout !== "docker-archive") expect(copied.Layers).toEqual(Layers);
  }
});

test("skopeo converts formats and compression on the way in", async () => {
  const copy = (to: string, ...flags: string[]) =>
    ok(
      "skopeo",
      "copy",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      ...flags,
      `docker://${registry.address}/tools/busybox:v1`,
      `docker://${registry.address}/${to}`,
    );
  await copy("converted/docker:v1", "--format", "v2s2");
  await copy("converted/zstd:v1", "--format", "oci", "--dest-compress-format", "zstd");
  const type = async (name: string) => (await registry.json(`/v2/${name}/manifests/v1`)).mediaType;
  expect(await type("converted/docker")).toBe("application/vnd.docker.distribution.manifest.v2+json");
  const schema1 = await sh([
    "skopeo",
    "copy",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    "--format",
    "v2s1",
    `docker://${registry.address}/tools/busybox:v1`,
    `docker://${registry.address}/converted/old:v1`,
  ]);
  expect(schema1.exitCode).not.toBe(0);
  expect(schema1.stderr).toContain("schema 1 is obsolete");
});

test("skopeo lists and deletes", async () => {
  await ok(
    "skopeo",
    "copy",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    `docker://${registry.address}/tools/busybox:v1`,
    `docker://${registry.address}/short/lived:gone`,
  );
  expect(
    JSON.parse(await ok("skopeo", "list-tags", "--tls-verify=false", `docker://${registry.address}/short/lived`)).Tags,
  ).toEqual(["gone"]);
  await ok("skopeo", "delete", "--tls-verify=false", `docker://${registry.address}/short/lived:gone`);
  expect(
    (await sh(["skopeo", "inspect", "--tls-verify=false", `docker://${registry.address}/short/lived:gone`])).exitCode,
  ).not.toBe(0);
});

test("podman logs in, pushes, pulls, searches, and makes a manifest list", async () => {
  const users = join(work, "users");
  await sh(["htpasswd", "-iBc", "-C", "5", users, "ann"], { input: "secret" });
  await using guarded = await RegistryProcess.start(["--auth", `token:${users}`]);
  const store = ["--root", join(work, "podman"), "--runroot", join(work, "podman-run"), "--storage-driver", "vfs"];
  const environment = { REGISTRY_AUTH_FILE: join(work, "auth.json") };
  writeFileSync(environment.REGISTRY_AUTH_FILE, "{}");
  const run = (args: string[], input?: string) =>
    sh(["podman", ...store, ...args], { env: environment, timeout: 120_000, ...(input !== undefined && { input }) });
  const podman = async (...args: string[]) => {
    const result = await run(args);
    if (result.exitCode !== 0) throw new Error(`podman ${args.join(" ")}: ${result.stderr}\n${guarded.log()}`);
    return result.stdout.trim();
  };
  const name = `${guarded.address}/pods/box`;
  try {
    await podman("import", "-q", await rootfsTar("busybox"), `${name}:v1`);
    expect((await run(["push", "--tls-verify=false", `${name}:v1`])).stderr).toContain("authentication required");
    expect(
      (await run(["login", "--tls-verify=false", "-u", "ann", "--password-stdin", guarded.address], "wrong")).exitCode,
    ).not.toBe(0);
    expect(
      (await run(["login", "--tls-verify=false", "-u", "ann", "--password-stdin", guarded.address], "secret")).stdout,
    ).toContain("Login Succeeded");
    await podman("push", "-q", "--tls-verify=false", `${name}:v1`);
    await podman("rmi", "-f", `${name}:v1`);
    await podman("pull", "-q", "--tls-verify=false", `${name}:v1`);
    expect(await podman("search", "--tls-verify=false", "--list-tags", name)).toContain("v1");
    await podman("manifest", "create", "list:1");
    await podman("manifest", "add", "--tls-verify=false", "list:1", `docker://${name}:v1`);
    await podman("manifest", "push", "-q", "--tls-verify=false", "--all", "list:1", `docker://${name}:list`);
    const inspected = await ok(
      "skopeo",
      "inspect",
      "--raw",
      "--tls-verify=false",
      "--authfile",
      environment.REGISTRY_AUTH_FILE,
      `docker://${name}:list`,
    );
    expect(JSON.parse(inspected).manifests.length).toBe(1);
    await podman("logout", guarded.address);
    expect((await run(["pull", "-q", "--tls-verify=false", `${name}:list`])).exitCode).not.toBe(0);
  } finally {
    await run(["rmi", "-a", "-f"]);
  }
});

test("32 clients at once push and pull", async () => {
  await Promise.all(
    Array.from({ length: 32 }, async (_, index) => {
      const target = `docker://${registry.address}/parallel/app${index % 8}:v${index}`;
      await ok("skopeo", "copy", "--dest-tls-verify=false", `dir:${join(work, "dir")}`, target);
      await ok("skopeo", "copy", "--src-tls-verify=false", target, `dir:${join(work, `back${index}`)}`);
    }),
  );
  for (let app = 0; app < 8; app++)
    expect((await registry.json(`/v2/parallel/app${app}/tags/list`)).tags.length).toBe(4);
}, 300_000);
