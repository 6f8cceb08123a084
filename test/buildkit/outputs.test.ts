/** What a build gives: folders, archives, names of images, files that tell of it, streams for programs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { rawLines } from "./raw-progress.ts";
import { Buildx } from "./rig.ts";
import { names, step } from "./told.ts";

const rig = new Buildx();
const { build, fails, context, docker, ok } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

const files = [
  "FROM busybox AS made",
  "RUN mkdir -p /o/deep/empty && echo one >/o/one && ln -s one /o/link && chmod 4711 /o/one && echo é >/o/deep/é",
  "RUN touch -d '2020-02-02 02:02:02' /o/one",
  "FROM scratch",
  "COPY --from=made /o /",
].join("\n");

test("-o DIR writes the files of the result, with modes, links and times", async () => {
  const target = join(rig.scratch, "out");
  const built = await build(["-o", target, context(files)]);
  expect(names(built)).not.toContain("exporting to image");
  expect(step(built, "exporting to client directory").statuses).toEqual(["copying files"]);
  expect(readdirSync(target).sort()).toEqual(["deep", "link", "one"]);
  expect(readdirSync(join(target, "deep")).sort()).toEqual(["empty", "é"]);
  expect(readFileSync(join(target, "one"), "utf8")).toBe("one\n");
  expect(statSync(join(target, "one")).mode & 0o7777).toBe(0o4711);
  expect(statSync(join(target, "one")).mtime.toISOString()).toBe("2020-02-02T02:02:02.000Z");
  expect(readlinkSync(join(target, "link"))).toBe("one");
  // A second time it goes over what is there.
  await build(["-o", target, context("FROM scratch\nCOPY f /one\n", { f: "two" })]);
  expect(readFileSync(join(target, "one"), "utf8")).toBe("two");
  expect(lstatSync(join(target, "link")).isSymbolicLink()).toBe(true);
});

test("-o type=tar and -o - give an archive; type=cacheonly gives nothing", async () => {
  const root = context(files);
  const listed = ["deep/", "deep/empty/", "deep/é", "link", "one"];
  const list = async (archive: string) => (await sh(["tar", "tf", archive, "--quoting-style=literal"])).stdout;
  const archive = join(rig.scratch, "out.tar");
  const built = await build(["-o", `type=tar,dest=${archive}`, root]);
  expect(step(built, "exporting to client tarball").statuses).toEqual(["sending tarball"]);
  expect((await list(archive)).trim().split("\n").sort()).toEqual(listed);
  const stdout = await sh(["sh", "-c", `docker build -q -o - ${root} >${archive}.2`], { env: rig.env });
  expect(stdout.exitCode).toBe(0);
  expect((await list(`${archive}.2`)).trim().split("\n").sort()).toEqual(listed);
  const nothing = await build(["--output", "type=cacheonly", root]);
  expect(nothing.steps.filter(({ name }) => name.startsWith("exporting"))).toEqual([]);
});

test("-q prints the image alone; --iidfile and --metadata-file have it too", async () => {
  const root = context("FROM busybox\nRUN echo q >/q\n");
  const quiet = await docker(["build", "-q", "-t", "quiet", root]);
  const id = await ok("image", "inspect", "-f", "{{.Id}}", "quiet");
  expect([quiet.stdout, quiet.stderr]).toEqual([`${id}\n`, ""]);
  await build([
    "--iidfile",
    join(rig.scratch, "iid"),
    "--metadata-file",
    join(rig.scratch, "metadata"),
    "-t",
    "m",
    root,
  ]);
  const named = await ok("image", "inspect", "-f", "{{.Id}}", "m");
  expect(readFileSync(join(rig.scratch, "iid"), "utf8")).toBe(named);
  expect(JSON.parse(readFileSync(join(rig.scratch, "metadata"), "utf8"))).toMatchObject({
    "buildx.build.ref": expect.stringMatching(/^default\/default\/[a-z0-9]{25}$/),
    "containerimage.digest": named,
    "image.name": `docker.io/library/m${rig.containerd ? ":latest" : ""}`,
  });
  if (!rig.containerd) expect(named).toBe(id);
});

test("--progress=rawjson: a line for each change, with digests, inputs, times and what was printed", async () => {
  const root = context("FROM busybox\nCOPY f /\nRUN echo out; echo err >&2\n", { f: "f" });
  const { exitCode, stderr } = await docker(["build", "--progress=rawjson", "-t", "raw", root]);
  expect(exitCode).toBe(0);
  const lines = rawLines(stderr);
  const vertexes = lines.flatMap((line) => line.vertexes ?? []);
  const last = new Map(vertexes.map((vertex) => [vertex.name, vertex]));
  const run = last.get("[3/3] RUN echo out; echo err >&2");
  const copy = last.get("[2/3] COPY f /");
  expect(run?.inputs).toEqual([copy?.digest ?? ""]);
  const base = [...last.values()].find(({ name }) => name.startsWith("[1/3] FROM docker.io/library/busybox:latest"));
  expect(copy?.inputs).toContain(base?.digest ?? "");
  const times = [copy?.started, copy?.completed, run?.started, run?.completed].map((time) => Date.parse(time ?? ""));
  expect(times.toSorted()).toEqual(times);
  for (const vertex of new Map(vertexes.map((vertex) => [vertex.digest, vertex])).values()) {
    expect(vertex.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(vertex.completed).toBeString();
  }
  const logs = lines.flatMap((line) => line.logs ?? []).filter(({ vertex }) => vertex === run?.digest);
  expect(logs.map(({ stream, data }) => [stream, atob(data)]).sort()).toEqual([
    [1, "out\n"],
    [2, "err\n"],
  ]);
  const statuses = lines.flatMap((line) => line.statuses ?? []);
  expect(statuses.findLast(({ id }) => id === "transferring dockerfile:")?.completed).toBeString();
  expect(statuses.some(({ id }) => id === `naming to docker.io/library/raw${rig.containerd ? ":latest" : ""}`)).toBe(
    true,
  );
});

test("several outputs of one build; one that nobody knows", async () => {
  const root = context(files);
  const [archive, folder] = [join(rig.scratch, "both.tar"), join(rig.scratch, "both")];
  await build(["-o", `type=tar,dest=${archive}`, "-o", folder, root]);
  expect(readdirSync(folder).sort()).toEqual(["deep", "link", "one"]);
  expect(statSync(archive).size).toBeGreaterThan(1024);
  const { error, steps } = await fails(["-o", "type=nosuch", root]);
  expect([error, steps]).toEqual(['failed to solve: exporter "nosuch" could not be found', []]);
});

test("a large file and many small ones go there and back unharmed", async () => {
  const root = context("FROM scratch\nCOPY data /\n");
  await sh([
    "sh",
    "-c",
    `mkdir ${root}/data && cd ${root}/data && head -c 30000000 /dev/urandom >large && seq 1000 | split -l 1 -a 4`,
  ]);
  const target = join(rig.scratch, "much");
  await build(["-o", target, root]);
  expect((await sh(["diff", "-r", join(root, "data"), target])).stdout).toBe("");
});
