/** dockerode, the Docker client of the Node world, drives the engine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { PassThrough, Readable } from "node:stream";
import Docker from "dockerode";
import { rootfsTar } from "../../scripts/images.ts";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
let docker: Docker;

beforeAll(async () => {
  daemon = await Daemon.start();
  docker = new Docker({ socketPath: daemon.socket });
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Splits a multiplexed stream until it ends. */
async function demux(stream: NodeJS.ReadableStream): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.on("end", () => {
    stdout.end();
    stderr.end();
  });
  stream.on("close", () => {
    stdout.end();
    stderr.end();
  });
  const [out, err] = await Promise.all([text(stdout), text(stderr)]);
  return { stdout: out, stderr: err };
}

test("run with attached output, and its exit code", async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const outs = Promise.all([text(stdout), text(stderr)]);
  const [result, container] = await docker.run(
    "busybox",
    ["sh", "-c", "echo one; echo two >&2; exit 3"],
    [stdout, stderr],
    { Tty: false },
  );
  stdout.end();
  stderr.end();
  expect(result.StatusCode).toBe(3);
  expect(await outs).toEqual(["one\n", "two\n"]);
  await container.remove();
});

test("run -i: a hijacked stream in both directions, half closed", async () => {
  const container = await docker.createContainer({
    Image: "busybox",
    Cmd: ["sh", "-c", "cat; echo end"],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
  });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const output = demux(stream);
  await container.start();
  stream.write("to the container\n");
  stream.end();
  expect((await output).stdout).toBe("to the container\nend\n");
  expect((await container.wait()).StatusCode).toBe(0);
  await container.remove();
});

test("a terminal is raw and can be resized", async () => {
  const container = await docker.createContainer({ Image: "busybox", Cmd: ["sh"], Tty: true, OpenStdin: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  let screen = "";
  stream.on("data", (data: Buffer) => {
    screen += data.toString();
  });
  await container.start();
  await container.resize({ h: 33, w: 77 });
  await until("the size", async () => {
    stream.write("stty size\n");
    await Bun.sleep(50);
    return screen.includes("33 77");
  });
  stream.write("exit\n");
  await container.wait();
  await container.remove();
});

test("exec, top, stats, inspect, update, pause, rename, restart, kill", async () => {
  const container = await docker.createContainer({
    name: "long",
    Image: "busybox",
    Cmd: ["sleep", "1000"],
    Labels: { a: "b" },
  });
  await container.start();
  const exec = await container.exec({
    Cmd: ["sh", "-c", "echo in; echo $V >&2; exit 4"],
    Env: ["V=v"],
    AttachStdout: true,
    AttachStderr: true,
  });
  expect(await demux(await exec.start({}))).toEqual({ stdout: "in\n", stderr: "v\n" });
  expect(
    await until("the exec's end", async () => {
      const state = await exec.inspect();
      return !state.Running && state;
    }),
  ).toMatchObject({ ExitCode: 4, ContainerID: container.id });
  expect((await container.top()).Processes.flat().join(" ")).toContain("sleep 1000");
  const stats = await container.stats({ stream: false });
  expect(stats.memory_stats.usage).toBeGreaterThan(0);
  expect(stats.pids_stats?.current).toBe(1);
  await container.update({ Memory: 64 * 2 ** 20, MemorySwap: 64 * 2 ** 20 });
  expect((await container.inspect()).HostConfig.Memory).toBe(64 * 2 ** 20);
  await container.pause();
  expect((await container.inspect()).State.Paused).toBe(true);
  await container.unpause();
  await container.rename({ name: "longer" });
  expect((await docker.listContainers({ filters: { label: ["a=b"] } })).map((each) => each.Names)).toEqual([
    ["/longer"],
  ]);
  await container.restart({ t: 0 });
  await container.kill();
  expect((await container.wait()).StatusCode).toBe(137);
  await container.remove();
});

test("logs, followed and not", async () => {
  const container = await docker.createContainer({
    Image: "busybox",
    Cmd: ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.05; done"],
  });
  await container.start();
  expect((await demux(await container.logs({ follow: true, stdout: true, stderr: true }))).stdout).toBe("1\n2\n3\n");
  const buffer: unknown = await container.logs({ follow: false, stdout: true, tail: 1 });
  expect(Buffer.isBuffer(buffer) ? buffer.subarray(8).toString() : "").toBe("3\n");
  await container.remove();
});

test("archives go in and come out", async () => {
  const container = await docker.createContainer({ Image: "busybox", Cmd: ["true"] });
  const tar = await rootfsTar("busybox");
  await container.putArchive(Readable.from(Bun.file(tar).stream()), { path: "/tmp" });
  const archive = await container.getArchive({ path: "/tmp/etc/passwd" });
  expect(await text(archive)).toContain("root:x:0:0");
  expect((await container.changes()).map((change: { Path: string }) => change.Path)).toContain("/tmp/etc/passwd");
  await container.remove();
});

test("commit, tag, history, save, load, remove", async () => {
  const container = await docker.createContainer({ Image: "busybox", Cmd: ["sh", "-c", "echo x > /x"] });
  await container.start();
  await container.wait();
  await container.commit({ repo: "made", tag: "1", comment: "why" });
  await container.remove();
  const image = docker.getImage("made:1");
  await image.tag({ repo: "other", tag: "2" });
  expect((await image.history()).length).toBe(2);
  const saved = await text(await image.get()).then((all) => all.length);
  expect(saved).toBeGreaterThan(1000);
  const archive = await image.get();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(Buffer.from(chunk));
  await image.remove();
  await docker.getImage("other:2").remove();
  await expect(docker.getImage("made:1").inspect()).rejects.toMatchObject({ statusCode: 404 });
  expect(await text(await docker.loadImage(Readable.from(chunks)))).toContain("made:1");
  await docker.getImage("made:1").remove();
});

test("events stream while things happen", async () => {
  const events = await docker.getEvents({ filters: { type: ["container"], label: ["watched"] } });
  const seen: string[] = [];
  events.on("data", (line: Buffer) => {
    for (const each of line.toString().trim().split("\n")) seen.push(JSON.parse(each).Action);
  });
  const container = await docker.createContainer({
    Image: "busybox",
    Cmd: ["true"],
    Labels: { watched: "yes" },
    HostConfig: { AutoRemove: true },
  });
  await container.start();
  await until("the last event", () => seen.includes("destroy"));
  expect(seen).toEqual(["create", "start", "die", "destroy"]);
  if ("destroy" in events && typeof events.destroy === "function") events.destroy();
});

test("networks and volumes", async () => {
  const network = await docker.createNetwork({ Name: "net", Driver: "bridge" });
  const volume = await docker.createVolume({ Name: "vol", Labels: { a: "b" } });
  const server = await docker.createContainer({
    name: "server",
    Image: "busybox",
    Cmd: ["httpd", "-f", "-h", "/srv"],
    HostConfig: { NetworkMode: "net", Binds: ["vol:/srv"] },
  });
  await server.start();
  const [result] = await docker.run(
    "busybox",
    ["sh", "-c", "until nc -w 5 server 80 </dev/null; do sleep 0.1; done"],
    new PassThrough(),
    { HostConfig: { NetworkMode: "net" } },
  );
  expect(result.StatusCode).toBe(0);
  expect((await network.inspect()).Containers?.[server.id]?.Name).toBe("server");
  await server.remove({ force: true });
  await network.remove();
  await volume.remove();
  await docker.pruneContainers();
});

test("what is wrong is told with Docker's status and words", async () => {
  await expect(docker.getContainer("nope").inspect()).rejects.toMatchObject({
    statusCode: 404,
    json: { message: "No such container: nope" },
  });
  await expect(docker.createContainer({ Image: "nope" })).rejects.toMatchObject({
    statusCode: 404,
    json: { message: "No such image: nope:latest" },
  });
  const container = await docker.createContainer({ name: "taken", Image: "busybox", Cmd: ["no-such-program"] });
  await expect(docker.createContainer({ name: "taken", Image: "busybox" })).rejects.toMatchObject({ statusCode: 409 });
  await expect(container.start()).rejects.toMatchObject({ statusCode: 400 });
  await expect(container.kill()).rejects.toMatchObject({ statusCode: 409 });
  expect((await container.inspect()).State).toMatchObject({ Status: "created", ExitCode: 127 });
  await container.remove();
});
