import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { dockerClients, type Result, sh, until } from "../harness.ts";
import { RegistryProcess } from "./process.ts";

/** The reference engine, without network or containers: it only pushes and pulls here. */
let dockerd: Bun.Subprocess;
let work: string;
let users: string;
const docker = (config: string, ...args: string[]): Promise<Result> =>
  sh([dockerClients.at(-1) ?? "docker", "--config", join(work, config), ...args], {
    env: { DOCKER_HOST: `unix://${work}/d.sock` },
    timeout: 120_000,
  });
const ok = async (config: string, ...args: string[]) => {
  const { exitCode, stdout, stderr } = await docker(config, ...args);
  if (exitCode !== 0) throw new Error(`docker ${args.join(" ")}: exit ${exitCode}: ${stderr}${stdout}`);
  return stdout + stderr;
};

beforeAll(async () => {
  work = mkdtempSync("/tmp/berth-registry-docker-");
  users = join(work, "users");
  await sh(["htpasswd", "-iBc", "-C", "5", users, "ann"], { input: "secret" });
  dockerd = Bun.spawn(
    [
      "dockerd",
      "--host",
      `unix://${work}/d.sock`,
      "--data-root",
      join(work, "root"),
      "--exec-root",
      join(work, "exec"),
      "--pidfile",
      join(work, "pid"),
      "--iptables=false",
      "--ip-forward=false",
      "--bridge=none",
      "--storage-driver=vfs",
    ],
    { stdin: "ignore", stdout: "ignore", stderr: Bun.file(join(work, "log")) },
  );
  mkdirSync(join(work, "none"), { recursive: true });
  await until(
    "dockerd to answer",
    async () => existsSync(`${work}/d.sock`) && (await docker("none", "version")).exitCode === 0,
  );
  await ok("none", "import", await rootfsTar("busybox"), "busybox:made");
});

afterAll(async () => {
  dockerd.kill("SIGTERM");
  await dockerd.exited;
  rmSync(work, { recursive: true, force: true });
});

test("docker pushes, pulls, searches and reads manifests", async () => {
  await using registry = await RegistryProcess.start();
  const name = `${registry.address}/tools/busybox`;
  await ok("none", "tag", "busybox:made", `${name}:v1`);
  await ok("none", "push", `${name}:v1`);
  await ok("none", "tag", "busybox:made", `${registry.address}/other/place:v2`);
  // The layer is in the registry: Docker mounts it from there.
  expect(await ok("none", "push", `${registry.address}/other/place:v2`)).toContain("Mounted from tools/busybox");
  await ok("none", "rmi", `${name}:v1`);
  expect(await ok("none", "pull", `${name}:v1`)).toContain("Downloaded newer image");
  expect(await ok("none", "search", `${registry.address}/busy`)).toContain("tools/busybox");
  const manifest = JSON.parse((await docker("none", "manifest", "inspect", "--insecure", `${name}:v1`)).stdout);
  expect(manifest.layers.length).toBe(1);
  await ok("none", "manifest", "create", "--insecure", `${name}:list`, `${name}:v1`);
  await ok("none", "manifest", "annotate", `${name}:list`, `${name}:v1`, "--os", "linux", "--arch", "amd64");
  await ok("none", "manifest", "push", "--insecure", `${name}:list`);
  expect((await registry.json("/v2/tools/busybox/manifests/list")).mediaType).toBe(
    "application/vnd.docker.distribution.manifest.list.v2+json",
  );
  await ok("none", "pull", `${name}:list`);
});

test.each([
  ["htpasswd", []],
  ["token", []],
  ["htpasswd", ["--anonymous-pull"]],
] as const)("docker logs in: %s %p", async (method, flags) => {
  await using registry = await RegistryProcess.start(["--auth", `${method}:${users}`, ...flags]);
  const name = `${registry.address}/app:v1`;
  await ok("none", "tag", "busybox:made", name);
  expect((await docker("none", "push", name)).exitCode).not.toBe(0);
  const wrong = await docker("wrong", "login", "-u", "ann", "-p", "no", registry.address);
  expect(wrong.exitCode).not.toBe(0);
  expect(wrong.stderr).toMatch(/incorrect username or password|401 Unauthorized/);
  const config = `${method}${flags.length}`;
  expect(await ok(config, "login", "-u", "ann", "-p", "secret", registry.address)).toContain("Login Succeeded");
  await ok(config, "push", name);
  await ok(config, "rmi", name);
  await ok(config, "pull", name);
  await ok(config, "rmi", name);
  expect((await docker("none", "pull", name)).exitCode === 0).toBe(flags.length > 0);
  await ok(config, "logout", registry.address);
  await docker("none", "rmi", name);
});
