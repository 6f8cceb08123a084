/** What a build tells, vertex by vertex: names, the order in which they are first told of, marks, what git says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { type RawVertex, rawVertices } from "./raw-progress.ts";
import { gitServer, served } from "./remotes.ts";
import { Buildx } from "./rig.ts";

const rig = new Buildx();
const { build, context, docker } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

async function told(...args: string[]): Promise<RawVertex[]> {
  const { exitCode, stderr } = await docker(["build", "--progress=rawjson", ...args]);
  if (exitCode !== 0) throw new Error(stderr);
  return rawVertices(stderr).filter(({ names }) => !names[0]?.startsWith("exporting"));
}

const names = (vertices: RawVertex[]) => vertices.map((vertex) => vertex.names.join(" => "));
const definition = "[internal] load build definition from Dockerfile";
const metadata = (image: string) => `[internal] load metadata for docker.io/library/${image}:latest`;
const ignore = "[internal] load .dockerignore";

test("instructions that a base image brings count for the steps of its stage", async () => {
  await build(["-t", "bringing", context("FROM busybox\nONBUILD RUN echo one\nONBUILD ENV A=b\nONBUILD COPY f /f\n")]);
  const own = "RUN echo own b";
  const alone = await told("--no-cache", context("FROM bringing\nRUN echo own $A\n", { f: "f" }));
  const last = (vertices: RawVertex[]) => vertices.map((vertex) => vertex.names.at(-1));
  expect(last(alone)).toEqual(
    expect.arrayContaining([
      "[1/2] FROM docker.io/library/bringing:latest",
      "[2/5] ONBUILD RUN echo one",
      "[3/5] ONBUILD COPY f /f",
      `[4/5] ${own}`,
    ]),
  );
  expect(last(alone).filter((name) => name?.includes("ENV"))).toEqual([]);
  const named = context("FROM base\nRUN echo own $A\n", { f: "f" });
  const brought = await told("--no-cache", "--build-context", "base=docker-image://bringing", named);
  expect(last(brought)).toEqual(
    expect.arrayContaining(["[1/5] ONBUILD RUN echo one", "[2/5] ONBUILD COPY f /f", `[3/5] ${own}`]),
  );
});

test("images are looked up first, and are called what they are from the beginning", async () => {
  const root = context("FROM busybox\nCOPY f /f\nRUN echo hi\nWORKDIR /w\nENV A=b\nADD f /g\n", { f: "f" });
  const steps = [
    "[1/5] FROM docker.io/library/busybox:latest",
    "[2/5] COPY f /f",
    "[3/5] RUN echo hi",
    "[4/5] WORKDIR /w",
    "[5/5] ADD f /g",
  ];
  for (const cached of [false, true]) {
    const vertices = await told(root);
    const [first, ...rest] = names(vertices);
    // The look-up and the ignore file do not wait for each other.
    expect([first, ...rest.slice(0, 2).sort()]).toEqual([definition, ignore, metadata("busybox")]);
    expect(rest.slice(2).sort()).toEqual([...steps, "[internal] load build context"].sort());
    const marked = vertices.filter((vertex) => vertex.cached).flatMap((vertex) => vertex.names);
    expect(marked.filter((name) => !name.includes(" FROM ")).sort()).toEqual(cached ? steps.slice(1) : []);
  }
});

test("an image that is only taken from is told of as well", async () => {
  const dockerfile =
    "FROM busybox AS b\nRUN --mount=type=bind,from=alpine,target=/m ls /m >/l\nCOPY --from=alpine /bin /a\n";
  const vertices = await told(context(dockerfile));
  expect(names(vertices).sort()).toEqual([
    "FROM docker.io/library/alpine:latest",
    "[b 1/3] FROM docker.io/library/busybox:latest",
    "[b 2/3] RUN --mount=type=bind,from=alpine,target=/m ls /m >/l",
    "[b 3/3] COPY --from=alpine /bin /a",
    ignore,
    definition,
    metadata("alpine"),
    metadata("busybox"),
  ]);
  const copy = vertices.find((vertex) => vertex.names[0]?.includes("COPY"));
  expect(copy?.inputs).toHaveLength(2);
});

test("named contexts: an image, and one in an OCI layout", async () => {
  const root = context("FROM base\nRUN true\n");
  const image = await told("--build-context", "base=docker-image://alpine", root);
  expect(names(image)).toEqual(
    expect.arrayContaining(["[context base] load metadata for alpine", "[context base] alpine"]),
  );
  if (!rig.containerd) return;
  const [archive, folder] = [join(rig.scratch, "layout.tar"), join(rig.scratch, "layout")];
  await build(["-o", `type=oci,dest=${archive}`, context("FROM busybox\nRUN echo in-layout >/l\n")]);
  mkdirSync(folder);
  expect((await sh(["tar", "-xf", archive, "-C", folder])).exitCode).toBe(0);
  const layout = await told("--build-context", `base=oci-layout://${folder}`, root);
  expect(names(layout)).toEqual(
    expect.arrayContaining([
      "[context base] load metadata for docker.io/library/base",
      "[context base] OCI load from client",
      "[1/2] RUN true",
    ]),
  );
});

test("what git says is at its vertex; an archive from elsewhere is told of in two parts", async () => {
  const files = { Dockerfile: "FROM busybox\nCOPY f /f\n", f: "f" };
  await using server = await gitServer(rig.scratch, [files]);
  const [commit = ""] = (await sh(["git", "ls-remote", server.url, "HEAD"])).stdout.split("\t");
  const [source] = await told(server.url);
  expect(source?.names).toEqual([`[internal] load git source ${server.url}`]);
  expect(source?.logs).toContain(commit);
  expect(source?.logs).toContain(`From ${server.url.replace(/\.git$/, "")}`);
  const added = await told(context(`FROM scratch\nADD ${server.url} /x\n`));
  expect(added.map(({ logs }) => logs).join("")).toContain(commit);
  const archive = join(rig.scratch, "context.tar.gz");
  expect((await sh(["tar", "-C", context(files.Dockerfile, { f: "f" }), "-czf", archive, "."])).exitCode).toBe(0);
  using web = served({ "/context.tar.gz": Bun.file(archive) });
  expect(names(await told(`${web.url}/context.tar.gz`)).slice(0, 3)).toEqual([
    "[internal] load remote build context",
    "copy /context /",
    metadata("busybox"),
  ]);
});
