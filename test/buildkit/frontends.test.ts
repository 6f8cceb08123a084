/** A file that begins with `# syntax=IMAGE` is read by the program in that image, in a sandbox. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../harness.ts";
import { Buildx } from "./rig.ts";

const buildx = new Buildx();
const { start, ok, context, build, fails, config } = buildx;

beforeAll(async () => {
  await start();
  const folder = context(
    'FROM scratch\nCOPY . /\nENTRYPOINT ["/frontend"]\n' +
      "LABEL moby.buildkit.frontend.caps=moby.buildkit.frontend.inputs\n",
  );
  const program = join(import.meta.dir, "programs/frontend.ts");
  await Bun.$`${process.execPath} build --compile --outfile ${join(folder, "frontend")} ${program}`.quiet();
  // What the program is linked with.
  for (const line of (await Bun.$`ldd ${join(folder, "frontend")}`.text()).split("\n")) {
    const path = /(\/\S+) \(0x/.exec(line)?.[1];
    if (path === undefined) continue;
    await Bun.$`mkdir -p ${join(folder, path, "..")}`;
    copyFileSync(path, join(folder, path));
  }
  await ok("build", "-q", "-t", "me/frontend", folder);
});
afterAll(async () => buildx[Symbol.asyncDispose]());

test("it builds, and says what the image says of itself", async () => {
  const folder = context("# syntax=me/frontend\nno Dockerfile at all\n");
  const { stderr } = await build(["-t", "made", "--build-arg", "WORD=five", folder]);
  expect(stderr).toContain("resolve image config for docker-image://docker.io/me/frontend:latest");
  expect(stderr).toContain("a word in between");
  expect(await ok("run", "--rm", "made")).toBe("no Dockerfile at all");
  expect(await config("made")).toMatchObject({ Cmd: ["cat", "/made"], Labels: { word: "five" } });
});

test("an argument of the build can name it too", async () => {
  const folder = context("FROM nothing\nlast line\n");
  await build(["-t", "named", "--build-arg", "BUILDKIT_SYNTAX=me/frontend", folder]);
  expect(await ok("run", "--rm", "named")).toBe("last line");
});

test("what it says went wrong is what the client is told", async () => {
  const said = async (word: string) => (await fails([context(`# syntax=me/frontend\n${word}\n`)])).stderr;
  expect(await said("refuse")).toContain("no such recipe");
  expect(await said("leave at once")).toContain('frontend "me/frontend" did not complete successfully: exit code: 9');
  expect(await said("say nothing")).toContain('frontend "me/frontend" ended without a result');
});

test("an image that is not there, or lacks what is wanted, ends the build", async () => {
  expect((await fails([context("# syntax=localhost:1/none\nx\n")])).stderr).toContain("localhost:1/none");
  const other = context("FROM busybox\nRUN true\n");
  const { stderr } = await fails(["--build-context", `other=${other}`, context("# syntax=me/frontend\nx\n")]);
  // The client's words for what the engine says of it.
  expect(stderr).toContain("current frontend does not support --build-context");
});

test("it ends with its client", async () => {
  const mark = `MARK=${process.pid}`;
  const folder = context("# syntax=me/frontend\nhang\n");
  const building = Bun.spawn(["docker", "build", "--build-arg", mark, folder], {
    env: { ...process.env, ...buildx.env },
    stdout: "ignore",
    stderr: "ignore",
  });
  const running = () => readdirSync("/proc").some((pid) => /^\d+$/.test(pid) && isFrontend(pid, mark));
  await until("the frontend runs", async () => running());
  building.kill("SIGINT");
  await building.exited;
  await until("the frontend has ended", async () => !running(), 5_000);
});

/** Whether a process is a frontend that was given this argument. */
function isFrontend(pid: string, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`=build-arg:${mark}\0`);
  } catch {
    return false;
  }
}
