/** `docker buildx bake`: targets of a file, built together, and upon each other. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gitServer } from "./remotes.ts";
import { Buildx } from "./rig.ts";
import { step, type Told, told } from "./told.ts";

const rig = new Buildx();
const { context, docker, inside, ok } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

const bakefile = `
variable "TAG" { default = "1" }
group "default" { targets = ["app", "lib"] }
target "lib" { dockerfile-inline = "FROM busybox\\nRUN echo lib >/lib\\n" }
target "app" {
  contexts = { base = "target:lib" }
  args = { WHO = "bake" }
  tags = ["bapp:\${TAG}"]
  labels = { from = "bake" }
}
target "bad" { dockerfile-inline = "FROM busybox\\nRUN exit 3\\n" }
target "matrix" {
  name = "m-\${item}"
  matrix = { item = ["one", "two"] }
  dockerfile-inline = "FROM busybox\\nARG ITEM\\nRUN echo $ITEM >/item\\n"
  args = { ITEM = item }
  tags = ["matrix:\${item}"]
}
`;
const files = {
  "docker-bake.hcl": bakefile,
  Dockerfile: "FROM base\nARG WHO\nRUN cat /lib && echo $WHO >/who\nCOPY f /f\n",
  f: "f",
};
const folder = () => context(files.Dockerfile, files);

async function bake(cwd: string, args: string[], env: Record<string, string> = {}) {
  const result = await docker(["buildx", "bake", "--progress=plain", ...args], { cwd, env });
  return { ...result, ...told(result.stderr) };
}

/**
 * Names without their targets: what several builds have in common is shown once, under the name of any of them.
 */
const untargeted = ({ steps }: Told) =>
  [...new Set(steps.map(({ name }) => name.replace(/^\[\w[\w-]* (?=internal|\d|stage|context)/, "[")))].sort();

test("--print says what would be built", async () => {
  const { stdout, exitCode } = await docker(["buildx", "bake", "--print"], { cwd: folder() });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    group: { default: { targets: ["app", "lib"] } },
    target: { app: { context: ".", contexts: { base: "target:lib" }, tags: ["bapp:1"] } },
  });
});

test("a target upon another: built together, told once, the metadata by target; then all is cached", async () => {
  const cwd = folder();
  const metadata = join(rig.scratch, "baked.json");
  const built = await bake(cwd, ["--metadata-file", metadata]);
  expect([built.exitCode, built.error]).toEqual([0, ""]);
  expect(untargeted(built)).toEqual(
    [
      "[1/2] FROM docker.io/library/busybox:latest",
      "[2/2] RUN echo lib >/lib",
      "[1/3] RUN cat /lib && echo bake >/who",
      "[2/3] COPY f /f",
      "[app] exporting to image",
      "[internal] load .dockerignore",
      "[internal] load build context",
      "[internal] load build definition from Dockerfile",
      "[internal] load local bake definitions",
      "[internal] load metadata for docker.io/library/busybox:latest",
      "[lib] exporting to image",
      ...(rig.newest && built.stderr.includes("resolving provenance")
        ? ["[app] resolving provenance for metadata file", "[lib] resolving provenance for metadata file"]
        : []),
    ].sort(),
  );
  expect(step(built, "[app 1/3] RUN cat /lib && echo bake >/who").logs).toEqual(["lib"]);
  expect(await inside("bapp:1", "cat /lib /who /f")).toBe("lib\nbake\nf");
  expect((await rig.config("bapp:1")).Labels).toEqual({ from: "bake" });
  const told = JSON.parse(readFileSync(metadata, "utf8"));
  expect(Object.keys(told).sort()).toEqual(["app", "lib"]);
  expect(told.app["containerimage.digest"]).toBe(await ok("image", "inspect", "-f", "{{.Id}}", "bapp:1"));

  const again = await bake(cwd, []);
  for (const { name, end } of again.steps) if (/ RUN | COPY /.test(name)) expect([name, end]).toEqual([name, "cached"]);
  expect(again.exitCode).toBe(0);
});

test("what --set and the environment change; only what is named is built, with what it needs", async () => {
  const built = await bake(folder(), ["--set", "app.args.WHO=set", "--set", "app.no-cache=true", "app"], { TAG: "9" });
  expect([built.exitCode, built.error]).toEqual([0, ""]);
  expect(await inside("bapp:9", "cat /who")).toBe("set");
  expect(step(built, "[app 1/3] RUN cat /lib && echo set >/who").end).toBe("done");
});

test("a target that fails is named, and fails the whole", async () => {
  const built = await bake(folder(), ["bad", "lib"]);
  expect(built.exitCode).toBe(1);
  expect(built.error.replace("target bad: ", "")).toBe(
    'failed to solve: process "/bin/sh -c exit 3" did not complete successfully: exit code: 3',
  );
  expect(step(built, "[bad 2/2] RUN exit 3").end).toBe("error");
  const nosuch = await bake(folder(), ["nosuch"]);
  expect([nosuch.exitCode, nosuch.error]).toEqual([1, "failed to find target nosuch"]);
});

test("a target upon one that fails is not built", async () => {
  const cwd = context("FROM base\nRUN echo upon\n", {
    "docker-bake.json": JSON.stringify({
      target: {
        base: { "dockerfile-inline": "FROM busybox\nRUN exit 4\n" },
        default: { contexts: { base: "target:base" }, tags: ["never:1"] },
      },
    }),
  });
  const built = await bake(cwd, []);
  expect(built.exitCode).toBe(1);
  expect(built.stderr).toContain('process "/bin/sh -c exit 4" did not complete successfully: exit code: 4');
  expect((await docker(["image", "inspect", "never:1"])).exitCode).toBe(1);
});

test("a matrix of targets; each --load, with a Compose file too", async () => {
  const cwd = context("", {
    ...files,
    "compose.yml":
      'services: {web: {image: "ofcompose:1", build: {dockerfile_inline: "FROM busybox\\nRUN echo c >/c\\n"}}}',
  });
  const built = await bake(cwd, ["-f", "docker-bake.hcl", "--load", "matrix"]);
  expect([built.exitCode, built.error]).toEqual([0, ""]);
  expect(await inside("matrix:one", "cat /item")).toBe("one");
  expect(await inside("matrix:two", "cat /item")).toBe("two");
  const composed = await bake(cwd, ["-f", "compose.yml"]);
  expect([composed.exitCode, composed.error]).toEqual([0, ""]);
  expect(await inside("ofcompose:1", "cat /c")).toBe("c");
});

test("a chain of targets, and one that copies from another", async () => {
  const cwd = context("", {
    "docker-bake.json": JSON.stringify({
      group: { default: { targets: ["c"] } },
      target: {
        a: { "dockerfile-inline": "FROM busybox\nENV FROM_A=1\nRUN echo a >/a\n" },
        b: { "dockerfile-inline": "FROM up\nRUN cat /a >/b && echo $FROM_A >>/b\n", contexts: { up: "target:a" } },
        c: {
          "dockerfile-inline": "FROM busybox\nCOPY --from=side /b /b\nCOPY --from=top /a /a\n",
          contexts: { side: "target:b", top: "target:a" },
          tags: ["chain:1"],
        },
      },
    }),
  });
  const built = await bake(cwd, []);
  expect([built.exitCode, built.error]).toEqual([0, ""]);
  expect(await inside("chain:1", "cat /b /a")).toBe("a\n1\na");
});

test("a file from git, with the repository as its context", async () => {
  await using git = await gitServer(rig.scratch, [files]);
  const built = await bake(rig.scratch, [git.url]);
  expect([built.exitCode, built.error]).toEqual([0, ""]);
  expect(built.steps[0]?.name).toBe(`[internal] load git source ${git.url}`);
  expect(await inside("bapp:1", "cat /f")).toBe("f");
});
