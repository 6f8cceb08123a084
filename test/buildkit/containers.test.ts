/** A frontend's containers run upon results of its build, as commands of it do, and end with who asked for them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  EvaluateRequest,
  EvaluateResponse,
  gatewayPaths,
  ReadDirRequest,
  ReadDirResponse,
  ReadFileRequest,
  ReadFileResponse,
  StatFileRequest,
  StatFileResponse,
} from "../../src/api/buildkit/gateway.ts";
import { MountType, NetMode, SecurityMode } from "../../src/api/buildkit/llb.ts";
import type { NewContainerRequest } from "../../src/api/buildkit/process.ts";
import { GrpcError } from "../../src/lib/grpc/status.ts";
import type { Input } from "../../src/lib/protobuf.ts";
import { Daemon, until } from "../harness.ts";
import { WireContainer, type WireProcess } from "./containers.ts";
import { busybox, definition, shell } from "./definitions.ts";
import { failureOf } from "./raw-client.ts";
import { buildByWire, type WireBuild } from "./wire.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => daemon[Symbol.asyncDispose]());

const state = shell(busybox, "echo made > /made; echo x:x:77:88:me:/home/x:/bin/sh >> /etc/passwd");
const exited = (code: number) => ({
  code,
  error: {
    code: 2,
    message: `exit code: ${code}`,
    details: [`github.com/moby/buildkit/gatewayapi.ExitMessage+json {"Code":${code}}`],
  },
});

/** A build with a result, and a way to containers whose root filesystem that is. */
function within(
  work: (
    make: (more?: Partial<Input<typeof NewContainerRequest>>) => Promise<WireContainer>,
    build: WireBuild & { result: string },
  ) => Promise<void>,
): Promise<unknown> {
  return buildByWire(daemon.socket, { secrets: { word: "hush" } }, async (build) => {
    const result = await build.solve(definition(state));
    const make = ({ mounts = [], ...more }: Partial<Input<typeof NewContainerRequest>> = {}) =>
      new WireContainer(build.client, build.ref).create({
        mounts: [{ dest: "/", resultId: result }, ...mounts],
        ...more,
      });
    await work(make, { ...build, result });
    return result;
  });
}

const said = (process: WireProcess, word: string) =>
  until(`the process to say ${word}`, () => process.output[1]?.includes(word));

/** What fails, as its status. */
const fails = (promise: Promise<unknown>) => promise.then(() => "succeeded", failureOf);

test("a process has what commands of the build have, and its streams and exit are carried", () =>
  within(async (make) => {
    const { output, told, ...end } = await (await make()).run("cat /made; echo wrong >&2; exit 3");
    expect(end).toEqual(exited(3));
    expect(output).toEqual({ 1: "made\n", 2: "wrong\n" });
    expect([told[0], told.at(-1)]).toEqual(["started", "done"]);
    const { output: own, code } = await (await make()).run("env; pwd; id -u; hostname");
    expect(code).toBe(0);
    expect(own[1]?.split("\n").filter(Boolean).sort()).toEqual([
      "/",
      "0",
      "HOME=/root",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "PWD=/",
      "SHLVL=1",
      "buildkitsandbox",
    ]);
    const meta = { cwd: "/not/there", user: "x", env: ["A=b", "PATH=/bin"] };
    const asked = await (await make()).run('echo "$PWD $(id -u):$(id -g) $A $PATH"', { meta });
    expect(asked.output[1]).toBe("/not/there 77:88 b /bin\n");
  }));

test("input reaches it until it is closed; what has none reads nothing", () =>
  within(async (make) => {
    const process = await (await make()).start("cat; echo done");
    await process.write("ab");
    await process.write("c\n");
    await process.closeInput();
    expect((await process.ended).output[1]).toBe("abc\ndone\n");
    expect((await (await make()).run("cat; echo done")).output[1]).toBe("done\n");
    const large = await (await make()).start("wc -c");
    for (let piece = 0; piece < 40; piece++) await large.write("x".repeat(100_000));
    await large.closeInput();
    expect((await large.ended).output[1]).toBe("4000000\n");
  }));

test("a terminal has one stream, a type and a size that can change", () =>
  within(async (make) => {
    const script = "trap 'echo wider' WINCH; tty; echo $TERM; while :; do sleep 0.1; done";
    const process = await (await make()).start(script, { tty: true });
    await said(process, "xterm\r\n");
    expect(process.output[1]).toContain("/dev/pts/0\r\n");
    await process.send({ resize: { rows: 10, cols: 200 } });
    await said(process, "wider\r\n");
    await process.write("\x03");
    expect(await process.ended).toMatchObject(exited(130));
  }));

test("signals go to the process that is named", () =>
  within(async (make) => {
    const process = await (await make()).start("trap 'echo got; exit 5' TERM; echo up; while :; do sleep 0.1; done");
    await said(process, "up");
    await process.send({ signal: { name: "TERM" } });
    expect(await process.ended).toMatchObject({ ...exited(5), output: { 1: "up\ngot\n" } });
    const other = await (await make()).start("echo up; exec sleep 1000");
    await said(other, "up");
    await other.send({ signal: { name: "NOSUCH" } });
    expect(await fails(other.ended)).toEqual({ code: 3, message: "Unknown signal NOSUCH" });
  }));

test("processes beside the first share its container, and end with it", () =>
  within(async (make) => {
    const container = await make();
    const first = await container.start("echo first > /first; echo up; exec sleep 1000");
    await said(first, "up");
    const beside = await container.run("cat /first; tr '\\0' ' ' < /proc/1/cmdline; exit 9", {
      meta: { cwd: "/", env: ["OWN=1"] },
    });
    expect(beside).toMatchObject({ ...exited(9), output: { 1: "first\nsleep 1000 " } });
    const terminal = await container.start("echo up; exec sleep 1001", { tty: true });
    await said(terminal, "up");
    await terminal.send({ signal: { name: "INT" } });
    expect(await terminal.ended).toMatchObject(exited(130));
    const last = await container.start("echo up; exec sleep 1002");
    await said(last, "up");
    await container.release();
    expect(await first.ended).toMatchObject(exited(137));
    expect(await last.ended).toMatchObject(exited(137));
  }));

test("nothing is kept of what is written, and a container is its first process", () =>
  within(async (make, { read, result }) => {
    const container = await make();
    expect((await container.run("rm /made; echo one > /one")).code).toBe(0);
    const message = `container ${container.id} not found`;
    expect(await container.run("true")).toMatchObject({ code: 255, error: { message } });
    expect((await (await make()).run("cat /made; ls /one")).output).toMatchObject({ 1: "made\n" });
    expect(await read(result, "/made")).toBe("made\n");
  }));

test("mounts: results, parts of them, empty folders, memory, caches, secrets", () =>
  within(async (make, { result }) => {
    const mounts = [
      { dest: "/ro", resultId: result, readonly: true },
      { dest: "/rw", resultId: result },
      { dest: "/part", resultId: result, selector: "/etc" },
      { dest: "/empty" },
      { dest: "/empty/memory", mountType: MountType.tmpfs },
      { dest: "/cache", mountType: MountType.cache, cache: { id: `containers-${process.pid}` } },
      { dest: "/secret", mountType: MountType.secret, secret: { id: "word", mode: 0o444 } },
    ];
    const { output } = await (await make({ mounts })).run(
      "cat /ro/made; echo x > /ro/x || echo ro; echo y > /rw/y && cat /rw/y; head -1 /part/passwd; ls /empty; " +
        "stat -f -c %T /empty/memory; echo kept > /cache/kept; cat /secret",
    );
    expect(output[1]?.split("\n")).toEqual([
      "made",
      "ro",
      "y",
      "root:x:0:0:root:/root:/bin/sh",
      "memory",
      "tmpfs",
      "hush",
    ]);
    expect((await (await make({ mounts })).run("cat /cache/kept")).output[1]).toBe("kept\n");
  }));

test("network, name, hosts and secrets as variables", () =>
  within(async (make) => {
    const alone = await make({ network: NetMode.none, hostname: "own", extraHosts: [{ host: "far", ip: "10.9.8.7" }] });
    const { output } = await alone.run("ls /sys/class/net; hostname; grep far /etc/hosts");
    expect(output[1]).toMatch(/^lo\nown\n10\.9\.8\.7\s+far\n$/);
    const secrets = async (id: string, optional = false) =>
      (await make()).run("echo $S", { secretEnv: [{ id, name: "S", optional }] });
    expect((await secrets("word")).output[1]).toBe("hush\n");
    expect((await secrets("none", true)).code).toBe(0);
    expect(await secrets("none")).toMatchObject({ code: 255, error: { message: "secret none: not found" } });
  }));

test("files are looked at from outside, by the number of the mount", () =>
  within(async (make, { client, ref: build, result }) => {
    const mounts = [{ dest: "/part", resultId: result, selector: "/etc" }];
    const container = await make({ mounts });
    const process = await container.start("echo live > /live; echo up; exec sleep 1000");
    await said(process, "up");
    const options = { metadata: { "buildkit-controlapi-buildid": build } };
    const ref = container.id;
    const read = async (filePath: string, mountIndex = 0) => {
      const request = { ref, filePath, mountIndex };
      const paths = gatewayPaths.readFileContainer;
      return (await client.unary(paths, ReadFileRequest, ReadFileResponse, request, options)).data;
    };
    expect(Buffer.from(await read("/live")).toString()).toBe("live\n");
    expect(Buffer.from(await read("passwd", 1)).toString()).toContain("x:x:77:88");
    expect(await fails(read("/live", 7))).toMatchObject({ message: "mount index 7 is out of bounds (2 available)" });
    const stat = { ref, path: "/bin/sh" };
    const found = await client.unary(gatewayPaths.statFileContainer, StatFileRequest, StatFileResponse, stat, options);
    expect((found.stat?.mode ?? 0) & 0o111).toBeGreaterThan(0);
    const list = { ref, dirPath: "/", mountIndex: 1 };
    const all = await client.unary(gatewayPaths.readDirContainer, ReadDirRequest, ReadDirResponse, list, options);
    expect(all.entries.map(({ path }) => path)).toContain("passwd");
    await container.release();
    expect(await fails(read("/live"))).toMatchObject({ message: `container details for ${ref}@0 not found` });
  }));

test("what cannot be is told, and nothing is left of it", () =>
  within(async (make, { client, ref }) => {
    const refusal = async (more: Partial<Input<typeof NewContainerRequest>>) =>
      fails(new WireContainer(client, ref).create(more));
    const missing = 'failed to find ref nope for "/" mount: return reference nope not found';
    expect(await refusal({ mounts: [{ dest: "/", resultId: "nope" }] })).toEqual({ code: 2, message: missing });
    expect(await refusal({ mounts: [] })).toEqual({ code: 3, message: "a container needs one root filesystem" });
    const host = await (await make({ network: NetMode.host })).run("true");
    expect(host).toMatchObject({ code: 255, error: { code: 2, message: "network.host is not allowed" } });
    expect(await fails(make({ mounts: [{ dest: "/x", mountType: 9 }] }))).toMatchObject({ code: 3 });
    const container = await make();
    expect(await fails(container.create({ mounts: [] }))).toEqual({
      code: 6,
      message: `Container ${container.id} already exists`,
    });
    const insecure = await container.run("true", { security: SecurityMode.insecure });
    expect(insecure).toMatchObject({ code: 255, error: { code: 2, message: "security.insecure is not allowed" } });
    expect(await (await make()).run(["/nope"])).toMatchObject({
      ...exited(1),
      output: { 2: 'unable to start container process: exec: "/nope": stat /nope: no such file or directory\n' },
    });
    expect(await (await make()).run("id", { meta: { cwd: "/", user: "who" } })).toMatchObject({
      code: 255,
      error: { message: "unable to find user who: no matching entries in passwd file" },
    });
    await container.release();
    expect(await fails(container.release())).toEqual({
      code: 2,
      message: `container details for ${container.id} not found`,
    });
    expect(await container.run("true")).toMatchObject({
      code: 255,
      error: { code: 5, message: `container "${container.id}" previously released or not created` },
    });
    const writing = await (await make()).start("sleep 1000");
    await writing.send({ file: { fd: 7, data: Buffer.from("x") } });
    expect(await fails(writing.ended)).toEqual({ code: 11, message: "fd 7 unavailable to write" });
  }));

/** A result whose command fails: the detail by which its files can be had. */
async function failure({ client, ref }: WireBuild, solve: () => Promise<string>) {
  const options = { metadata: { "buildkit-controlapi-buildid": ref } };
  const request = { ref: await solve() };
  const asked = client.unary(gatewayPaths.evaluate, EvaluateRequest, EvaluateResponse, request, options);
  const error = await asked.catch((thrown: unknown) => thrown);
  if (!(error instanceof GrpcError)) throw new Error(`was built: ${error}`);
  const detail = error.details.find(({ typeUrl }) => typeUrl.endsWith("errdefs.Solve+json"));
  const told: { inputIDs: string[]; mountIDs: string[]; op: { exec: { meta: { args: string[] } } } } = JSON.parse(
    Buffer.from(detail?.value ?? []).toString(),
  );
  return { message: error.message, ...told };
}

test.each(["a Dockerfile", "a definition"])("what a command of %s left that failed can be had", async (kind) => {
  const script = "echo left > /left; rm /bin/vi; exit 5";
  const files = { Dockerfile: `FROM busybox\nRUN ${script}\n` };
  const built = buildByWire(daemon.socket, { files }, async (build) => {
    const { client, ref } = build;
    const { message, inputIDs, mountIDs, op } = await failure(build, () =>
      kind === "a Dockerfile" ? build.solveBy("dockerfile.v0") : build.solve(definition(shell(busybox, script))),
    );
    expect(message).toEndWith("did not complete successfully: exit code: 5");
    expect(op.exec.meta.args).toEqual(["/bin/sh", "-c", script]);
    const look = async ([resultId = ""]: string[]) => {
      const container = await new WireContainer(client, ref).create({ mounts: [{ dest: "/", resultId }] });
      return (await container.run("cat /left; ls /bin/vi")).output[1];
    };
    expect(await look(mountIDs)).toBe("left\n");
    expect(await look(inputIDs)).toBe("/bin/vi\n");
    return "";
  });
  await built;
});

const runs = (marker: string) =>
  readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`sleep\0${marker}`);
    } catch {
      return false;
    }
  });

/** What containers of builds have on the machine. */
const left = () => {
  const builds = join(daemon.execRoot, "builds");
  return existsSync(builds) ? readdirSync(builds) : [];
};

test.each([
  ["the call is given up", async (process: WireProcess) => process.call.cancel()],
  ["the container is released", async (_process: WireProcess, container: WireContainer) => container.release()],
  [
    "the client leaves",
    async (_process: WireProcess, _container: WireContainer, build: WireBuild) => build.client.close(),
  ],
  ["the build ends", async () => {}],
])("what runs is killed within a second when %s", async (_name, end) => {
  const marker = String(3_000_000 + Math.floor(Math.random() * 1_000_000));
  let at = 0;
  await within(async (make, build) => {
    const container = await make();
    const process = await container.start(`trap '' TERM HUP INT; echo up; sleep ${marker} & wait`);
    await said(process, "up");
    await until("it to run", () => runs(marker));
    at = Date.now();
    await end(process, container, build);
    if (end.length > 0) await until("it to be killed", () => !runs(marker), 5_000);
  }).catch(() => {});
  await until("it to be killed", () => !runs(marker), 5_000);
  expect(Date.now() - at).toBeLessThan(3_000);
  await until("nothing to be left", () => left().length === 0, 20_000);
});
