import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Daemon, sh, until } from "../harness.ts";
import { RclonePlugin, Remote } from "./rclone.ts";

let root: string;
let daemon: Daemon;
let plugin: RclonePlugin;
let webdav: Remote;
let sftp: Remote;
beforeAll(async () => {
  root = mkdtempSync("/tmp/berth-rclone-");
  mkdirSync(`${root}/plugins`);
  plugin = new RclonePlugin(`${root}/plugins/rclone.sock`, `${root}/rclone`);
  [webdav, sftp] = [await Remote.serve("webdav", `${root}/webdav`), await Remote.serve("sftp", `${root}/sftp`)];
  await plugin.up();
  daemon = await Daemon.start({ args: ["--plugin-dir", `${root}/plugins`] });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  const mounts = plugin.mounts();
  for (const one of [plugin, webdav, sftp]) await one[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
  expect(mounts).toEqual([]);
});

const create = (name: string, { options }: Remote) =>
  daemon.ok("volume", "create", "-d", "rclone", ...options.flatMap((option) => ["-o", option]), name);
const start = (name: string, volume: string) =>
  daemon.ok("run", "-d", "--name", name, "--stop-timeout", "1", "-v", `${volume}:/x`, "busybox", "sleep", "1000");
const write = (name: string, file: string, text: string) =>
  daemon.ok("exec", name, "sh", "-c", `echo ${text} > /x/${file}`);
const read = (name: string, file: string) => daemon.ok("exec", name, "cat", `/x/${file}`);
/** What has come to the other side, which takes rclone a moment. */
const arrived = (remote: Remote, file: string, text: string) =>
  until(`${file} on the other side`, () => {
    try {
      return readFileSync(`${remote.folder}/${file}`, "utf8") === `${text}\n`;
    } catch {
      return false;
    }
  });

test("volumes over WebDAV and SFTP, shared by containers, are seen on both sides", async () => {
  for (const [name, remote] of [
    ["dav", webdav],
    ["ssh", sftp],
  ] as const) {
    writeFileSync(`${remote.folder}/before`, "here already\n");
    expect(await create(name, remote)).toBe(name);
    await start(`${name}-1`, name);
    await start(`${name}-2`, name);
    expect(await read(`${name}-1`, "before")).toBe("here already");
    await write(`${name}-1`, "file", "hello");
    expect(await read(`${name}-2`, "file")).toBe("hello");
    await arrived(remote, "file", "hello");
    const [{ Status, Mountpoint, Driver }] = JSON.parse(await daemon.ok("volume", "inspect", name));
    expect([Driver, Mountpoint, Status.Mounts.length]).toEqual(["rclone", `${root}/rclone/mounts/${name}`, 2]);
    await daemon.ok("rm", "-f", `${name}-1`);
    expect(await read(`${name}-2`, "file")).toBe("hello");
    await daemon.ok("rm", "-f", `${name}-2`);
    expect(plugin.mounts()).toEqual([]);
  }
  expect(await daemon.ok("volume", "ls", "--format", "{{.Driver}} {{.Name}}")).toBe("rclone dav\nrclone ssh");
  const refused = await daemon.docker("volume", "create", "-d", "rclone", "-o", "type=webdav", "-o", "nosuch=1", "bad");
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("create bad: ")]);
});

test("a Compose project has its volume there, and takes it away again", async () => {
  const project = `${root}/project`;
  mkdirSync(project);
  const options = webdav.options.map((option) =>
    option
      .split(/=(.*)/s)
      .slice(0, 2)
      .map((part) => JSON.stringify(part)),
  );
  writeFileSync(
    `${project}/compose.yaml`,
    `services:
  writer: { image: busybox, command: "sh -c 'echo composed > /d/composed'", volumes: ["data:/d"] }
volumes:
  data: { driver: rclone, driver_opts: { ${options.map((pair) => pair.join(": ")).join(", ")} } }
`,
  );
  const compose = (...argv: string[]) =>
    sh(["docker-compose", "-p", "far", "-f", `${project}/compose.yaml`, ...argv], {
      env: { DOCKER_HOST: daemon.host },
    });
  const up = await compose("up", "--no-color");
  expect([up.exitCode, up.stderr]).toEqual([0, expect.not.stringContaining("rror")]);
  await arrived(webdav, "composed", "composed");
  expect((await compose("down", "-v")).exitCode).toBe(0);
  expect(await daemon.ok("volume", "ls", "-q")).not.toContain("far_data");
  expect(plugin.mounts()).toEqual([]);
});

test("a daemon that is killed and comes back leaves what is mounted alone", async () => {
  await start("keeper", "dav");
  await write("keeper", "kept", "one");
  await daemon.kill();
  await daemon.up();
  expect(await read("keeper", "kept")).toBe("one");
  await write("keeper", "kept", "two");
  await arrived(webdav, "kept", "two");
  await daemon.ok("rm", "-f", "keeper");
  expect(plugin.mounts()).toEqual([]);
});

test("a plugin that ends, or is killed, and comes back serves the same data again", async () => {
  for (const end of ["SIGTERM", "SIGKILL"] as const) {
    await start("writer", "dav");
    await write("writer", "data", end);
    await arrived(webdav, "data", end);
    if (end === "SIGTERM") await daemon.ok("stop", "writer");
    await plugin.down(end);
    await plugin.up();
    await daemon.ok(end === "SIGTERM" ? "start" : "restart", "writer");
    expect(await read("writer", "data")).toBe(end);
    await daemon.ok("rm", "-f", "writer");
    expect(plugin.mounts()).toEqual([]);
  }
});

test("both killed at once: the next daemon finds the plugin, and the container starts again", async () => {
  await start("both", "ssh");
  await write("both", "data", "survives");
  await arrived(sftp, "data", "survives");
  await plugin.down("SIGKILL");
  await daemon.kill();
  await daemon.up();
  await plugin.up();
  await daemon.ok("restart", "both");
  expect(await read("both", "data")).toBe("survives");
  await daemon.ok("rm", "-f", "both");
  expect(plugin.mounts()).toEqual([]);
  await daemon.ok("volume", "rm", "dav", "ssh");
  expect(readFileSync(`${sftp.folder}/data`, "utf8")).toBe("survives\n");
});
