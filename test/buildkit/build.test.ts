/** `docker build` with each of its flags: what is told of the steps, and what the image is then. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Buildx } from "./rig.ts";
import { names, step } from "./told.ts";

const rig = new Buildx();
const { build, context, inside, config, ok } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

const two = () =>
  context(
    [
      "FROM busybox AS base",
      "ARG WHO=you",
      "RUN echo hello $WHO >/hello && cat /hello && echo err >&2",
      "FROM alpine",
      "LABEL a=b",
      "ENV X=1",
      "WORKDIR /app",
      "COPY --from=base /hello .",
      "COPY a.txt sub/ /app/",
      'CMD ["cat", "/app/hello"]',
    ].join("\n"),
    { "a.txt": "a\n", "sub/s.txt": "s\n", ".dockerignore": "ignored\n", ignored: "x" },
  );

const ofTwo = [
  "[base 1/2] FROM docker.io/library/busybox:latest",
  "[base 2/2] RUN echo hello me >/hello && cat /hello && echo err >&2",
  "[internal] load .dockerignore",
  "[internal] load build context",
  "[internal] load build definition from Dockerfile",
  "[internal] load metadata for docker.io/library/alpine:latest",
  "[internal] load metadata for docker.io/library/busybox:latest",
  "[stage-1 1/4] FROM docker.io/library/alpine:latest",
  "[stage-1 2/4] WORKDIR /app",
  "[stage-1 3/4] COPY --from=base /hello .",
  "[stage-1 4/4] COPY a.txt sub/ /app/",
  "exporting to image",
];

test("steps are told by name with what they print; again, they are cached, and the image is the same", async () => {
  const root = two();
  const args = ["-t", "two", "--build-arg", "WHO=me", "--label", "l=m", root];
  const first = await build(args);
  expect(names(first)).toEqual(ofTwo);
  const run = step(first, "[base 2/2] RUN echo hello me >/hello && cat /hello && echo err >&2");
  expect([run.end, run.logs]).toEqual(["done", ["hello me", "err"]]);
  expect(step(first, "[internal] load build definition from Dockerfile").statuses).toEqual([
    "transferring dockerfile:",
  ]);
  expect(step(first, "[internal] load build context").statuses).toEqual(["transferring context:"]);
  const exported = step(first, "exporting to image").statuses;
  expect(exported[0]).toBe("exporting layers");
  expect(exported).toContain(`naming to docker.io/library/two${rig.containerd ? ":latest" : ""}`);
  expect(first.warnings).toEqual([]);
  expect(first.stdout).toBe("");

  const image = await ok("image", "inspect", "two", "-f", "{{json .RootFS.Layers}} {{json .Config}}");
  expect(await config("two")).toMatchObject({
    Cmd: ["cat", "/app/hello"],
    WorkingDir: "/app",
    Labels: { a: "b", l: "m" },
    Env: expect.arrayContaining(["X=1"]),
  });
  expect(await ok("run", "--rm", "two")).toBe("hello me");
  expect(await inside("two", "ls /app")).toBe("a.txt\nhello\ns.txt");

  const again = await build(args);
  expect(names(again)).toEqual(ofTwo);
  for (const { name, end } of again.steps)
    if (/^\[(base|stage-1) [2-4]\//.test(name)) expect([name, end]).toEqual([name, "cached"]);
  expect(await ok("image", "inspect", "two", "-f", "{{json .RootFS.Layers}} {{json .Config}}")).toBe(image);
});

test("--no-cache runs everything again, --no-cache-filter what it names and what comes of it", async () => {
  const root = context("FROM busybox AS a\nRUN echo a >/a\nFROM busybox AS b\nRUN echo b >/b\nCOPY --from=a /a /\n");
  const ends = async (...args: string[]) => {
    const { steps } = await build([...args, root]);
    return Object.fromEntries(steps.filter(({ name }) => /RUN/.test(name)).map(({ name, end }) => [name, end]));
  };
  const [a, b] = ["[a 2/2] RUN echo a >/a", "[b 2/3] RUN echo b >/b"];
  expect(await ends()).toEqual({ [a]: "done", [b]: "done" });
  expect(await ends()).toEqual({ [a]: "cached", [b]: "cached" });
  expect(await ends("--no-cache-filter", "a")).toEqual({ [a]: "done", [b]: "cached" });
  expect(await ends("--no-cache")).toEqual({ [a]: "done", [b]: "done" });
});

test("--target builds a stage and what it needs, -f another file, several -t give several names", async () => {
  const root = context("FROM nothing", {
    "sub/Other": "FROM busybox AS wanted\nRUN echo w >/w\nFROM busybox AS unwanted\nRUN false\n",
  });
  const built = await build([
    ...["--target", "wanted", "-f", `${root}/sub/Other`, "-t", "n:1", "-t", "reg.example.com/x/y:2", root],
  ]);
  expect(names(built)).toEqual([
    "[internal] load .dockerignore",
    "[internal] load build definition from Other",
    "[internal] load metadata for docker.io/library/busybox:latest",
    "[wanted 1/2] FROM docker.io/library/busybox:latest",
    "[wanted 2/2] RUN echo w >/w",
    "exporting to image",
  ]);
  const named = step(built, "exporting to image").statuses.filter((status) => status.startsWith("naming"));
  expect(named).toEqual(["naming to docker.io/library/n:1", "naming to reg.example.com/x/y:2"]);
  expect(await ok("image", "inspect", "n:1", "-f", "{{.Id}}")).toBe(
    await ok("image", "inspect", "reg.example.com/x/y:2", "-f", "{{.Id}}"),
  );
});

/** Dockerfiles of one step more than FROM, with the name of that step. */
test.each([
  ["RUN true", "[2/2] RUN true"],
  ['RUN ["echo", "a b"]', '[2/2] RUN ["echo", "a b"]'],
  ["ARG A=1\nENV K=v\nRUN echo $A $K $HOME", "[2/2] RUN echo 1 v $HOME"],
  ["RUN echo   spaced   \\\n  && echo more", "[2/2] RUN echo   spaced     && echo more"],
  ["RUN <<EOF\necho one\necho two\nEOF", "[2/2] RUN <<EOF (echo one...)"],
  ["RUN --mount=type=tmpfs,target=/x true", "[stage-0 2/2] RUN --mount=type=tmpfs,target=/x true"],
  ["RUN --mount=type=cache,target=/x true", "[stage-0 2/2] RUN --mount=type=cache,target=/x true"],
  ["RUN --network=none true", "[2/2] RUN --network=none true"],
  ["COPY --chown=1:1 --chmod=600 f /z", "[2/2] COPY --chown=1:1 --chmod=600 f /z"],
  ["COPY --from=alpine /bin/true /t", "[stage-0 2/2] COPY --from=alpine /bin/true /t"],
  ["COPY <<F /d\nx\nF", "[2/2] COPY <<F /d"],
  ["WORKDIR rel", "[2/2] WORKDIR rel"],
])("the name of the step of %j", async (instruction, name) => {
  const { steps } = await build([context(`FROM busybox\n${instruction}\n`, { f: "f" })]);
  const numbered = steps.map((each) => each.name).filter((each) => /^\[(stage-0 )?\d\/\d\]/.test(each));
  expect(numbered.find((each) => !each.includes("FROM docker.io/"))).toBe(name);
});

test("images of nothing: one file, only a label; what a base left to do for who builds upon it", async () => {
  const file = await build(["-t", "file", context("FROM scratch\nCOPY a /\n", { a: "a" })]);
  expect(names(file)).toContain("[1/1] COPY a /");
  const label = await build(["-t", "label", context("FROM scratch\nLABEL a=b\n")]);
  expect(names(label)).toEqual([
    "[internal] load .dockerignore",
    "[internal] load build definition from Dockerfile",
    "exporting to image",
  ]);
  expect((await config("label")).Labels).toEqual({ a: "b" });
  await build(["-t", "later", context("FROM busybox\nONBUILD RUN echo later >/later\n")]);
  const upon = await build(["-t", "upon", context("FROM later\nRUN cat /later\n")]);
  const said = upon.steps.map(({ name, logs }) => [name, logs]);
  expect(said).toContainEqual(["[2/3] ONBUILD RUN echo later >/later", []]);
  expect(said).toContainEqual(["[3/3] RUN cat /later", ["later"]]);
});

test("--pull asks the registry although the image is here, and says whom", async () => {
  const { error, excerpt } = await rig.fails(["--pull", context("FROM 127.0.0.1:1/nothing:1\n")]);
  expect(error).toStartWith(
    "failed to solve: 127.0.0.1:1/nothing:1: failed to resolve source metadata for 127.0.0.1:1/nothing:1: ",
  );
  expect(excerpt).toEqual(["Dockerfile:1", "   1 | >>> FROM 127.0.0.1:1/nothing:1", "   2 |     "]);
});
