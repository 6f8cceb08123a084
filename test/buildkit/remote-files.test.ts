/** Dockerfiles and bake files from elsewhere: the client has the engine fetch them by definitions of its own. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { gitServer, served } from "./remotes.ts";
import { Buildx } from "./rig.ts";

const buildx = new Buildx();
const { start, build, fails, context, ok, docker } = buildx;

beforeAll(start);
afterAll(async () => buildx[Symbol.asyncDispose]());

const bakeFile = 'target "default" { tags = ["baked"] }\n';

test("a Dockerfile comes from a URL", async () => {
  using server = served({ "/some/Dockerfile": "FROM busybox\nCOPY f /f\n" });
  const folder = context("", { f: "from here" });
  const { stderr } = await build(["-t", "from-url", "-f", `${server.url}/some/Dockerfile`, folder]);
  expect(stderr).toContain(`[internal] load ${server.url}/some/Dockerfile`);
  expect(await ok("run", "--rm", "from-url", "cat", "/f")).toBe("from here");
  const { stderr: missing } = await fails(["-f", `${server.url}/none`, folder]);
  expect(missing).toContain("invalid response status 404");
});

test("a bake file comes from a repository, with what it builds", async () => {
  await using server = await gitServer(buildx.scratch, [
    { "docker-bake.hcl": bakeFile, Dockerfile: "FROM busybox\nCOPY f /f\n", f: "committed" },
  ]);
  const { exitCode, stderr } = await docker(["buildx", "bake", "--progress=plain", server.url]);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain(`[internal] load git source ${server.url}`);
  expect(await ok("run", "--rm", "baked", "cat", "/f")).toBe("committed");
});
