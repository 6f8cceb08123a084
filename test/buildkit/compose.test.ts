/** Docker Compose builds through the builder of today: alone, before it starts, on every change of a file. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeContext } from "../build/context.ts";
import { until } from "../harness.ts";
import { Buildx } from "./rig.ts";
import { type Told, told } from "./told.ts";

const rig = new Buildx();
const { docker, inside, ok } = rig;
/** Projects that were begun. */
const projects: string[] = [];
beforeAll(() => rig.start(), 900_000);
afterEach(async () => {
  for (const folder of projects.splice(0)) await compose(folder, "down", "-t", "0", "-v");
});
afterAll(() => rig[Symbol.asyncDispose]());

/** A folder with this Compose file and these files, whose name is the project's. */
function project(name: string, file: string, files: Record<string, string> = {}): string {
  const parent = writeContext(rig.scratch, {});
  const folder = join(parent, name);
  mkdirSync(folder);
  for (const [path, content] of Object.entries({ ...files, "compose.yml": file })) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  projects.push(folder);
  return folder;
}

async function compose(cwd: string, ...args: string[]) {
  const result = await docker(["compose", "--ansi", "never", "--progress", "plain", ...args], { cwd });
  return { ...result, ...told(result.stdout + result.stderr) };
}

/** Steps with how they ended, without the service that releases name, or do not, where there is one only. */
const ends = ({ steps }: Told) =>
  Object.fromEntries(steps.map(({ name, end }) => [name.replace(/^\[(web|two) (?=\d|stage)/, "["), end]));

const shop = `
services:
  web:
    build: {context: ., args: {WORD: said}, labels: {l: m}, tags: ["extra:1"]}
    stop_signal: SIGKILL
    command: sleep 1000
  two:
    build:
      dockerfile_inline: "FROM busybox\\nRUN --mount=type=secret,id=s cat /run/secrets/s\\n"
      secrets: [s]
    stop_signal: SIGKILL
    command: sleep 1000
secrets: {s: {file: ./page}}
`;
const shopFiles = {
  Dockerfile: "FROM busybox\nARG WORD=none\nRUN echo $WORD >/word\nCOPY page /www/index.html\n",
  page: "page\n",
};

test("build: every service, named after the project, with arguments, labels, tags and secrets", async () => {
  const folder = project("shop", shop, shopFiles);
  const built = await compose(folder, "build");
  expect(built.exitCode).toBe(0);
  const { steps } = built;
  const secret = steps.find(({ name }) => name.includes("--mount=type=secret"));
  expect(secret?.name).toBe("[two stage-0 2/2] RUN --mount=type=secret,id=s cat /run/secrets/s");
  expect(secret?.logs).toEqual(["page"]);
  const naming = steps.flatMap(({ statuses }) => statuses).filter((status) => status.startsWith("naming to "));
  expect(naming.map((status) => status.replace(/:latest$/, "")).sort()).toEqual([
    "naming to docker.io/library/extra:1",
    "naming to docker.io/library/shop-two",
    "naming to docker.io/library/shop-web",
  ]);
  expect(await inside("shop-web", "cat /word /www/index.html")).toBe("said\npage");
  expect((await rig.config("extra:1")).Labels).toMatchObject({ l: "m" });

  const again = await compose(folder, "build", "web");
  expect(ends(again)).toMatchObject({ "[2/3] RUN echo said >/word": "cached" });
  const other = await compose(folder, "build", "--no-cache", "--build-arg", "WORD=other", "web");
  expect(ends(other)).toMatchObject({ "[2/3] RUN echo other >/word": "done" });
  expect(await inside("shop-web", "cat /word")).toBe("other");
  const quiet = await docker(["compose", "build", "-q"], { cwd: folder });
  expect([quiet.exitCode, quiet.stdout]).toEqual([0, ""]);
});

test("up --build: containers of what was built; again, nothing is made anew; a change is", async () => {
  const folder = project("upped", shop, shopFiles);
  expect((await compose(folder, "up", "-d", "--build")).exitCode).toBe(0);
  const page = () => ok("exec", "upped-web-1", "cat", "/www/index.html");
  const id = () => ok("inspect", "-f", "{{.Id}} {{.Image}}", "upped-web-1");
  expect(await page()).toBe("page");
  const first = await id();
  expect(first.split(" ")[1]).toBe(await ok("image", "inspect", "-f", "{{.Id}}", "upped-web"));
  expect((await compose(folder, "up", "-d", "--build")).exitCode).toBe(0);
  expect(await id()).toBe(first);
  writeFileSync(join(folder, "page"), "changed\n");
  expect((await compose(folder, "up", "-d", "--build", "web")).exitCode).toBe(0);
  expect(await page()).toBe("changed");
});

test("a build that fails fails the whole, with the words of the step", async () => {
  const folder = project(
    "failing",
    'services: {bad: {build: {dockerfile_inline: "FROM busybox\\nRUN echo oh; exit 9\\n"}}}',
  );
  for (const command of [["build"], ["up", "-d"]]) {
    const failed = await compose(folder, ...command);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.stdout + failed.stderr).toMatch(/^(target bad: )?failed to solve: process /m);
    expect(failed.stdout + failed.stderr).toContain(
      '"/bin/sh -c echo oh; exit 9" did not complete successfully: exit code: 9\n',
    );
    expect(failed.steps.find(({ name }) => name.endsWith("2/2] RUN echo oh; exit 9"))?.logs).toEqual(["oh"]);
  }
});

test("watch builds again on a change, and starts what came of it in place of what ran", async () => {
  const folder = project(
    "watched",
    `
services:
  web:
    build: .
    stop_signal: SIGKILL
    command: sleep 1000
    develop: {watch: [{path: ./src, action: rebuild}]}
`,
    { Dockerfile: "FROM busybox\nCOPY src /src\n", "src/f": "one" },
  );
  await compose(folder, "up", "-d");
  const child = Bun.spawn(["env", "-C", folder, "docker", "compose", "--ansi", "never", "watch", "--no-up"], {
    env: { ...process.env, ...rig.env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let said = "";
  const reading = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) said += decoder.decode(chunk, { stream: true });
    }),
  );
  try {
    await until("the watch", () => said.includes("Watch enabled"));
    writeFileSync(join(folder, "src/f"), "two");
    await until("the new container", async () => {
      const { stdout } = await docker(["exec", "watched-web-1", "cat", "/src/f"]);
      return stdout === "two";
    });
    expect(said).toContain("successfully built");
  } finally {
    child.kill("SIGINT");
    await child.exited;
    await reading;
  }
});

test("services upon each other, through bake and without, where the client knows them", async () => {
  const folder = project(
    "linked",
    `
services:
  base: {build: {dockerfile_inline: "FROM busybox\\nRUN echo base >/base\\n"}, command: "true"}
  app:
    build: {additional_contexts: {base: "service:base"}, dockerfile_inline: "FROM base\\nRUN cat /base\\n"}
    command: "cat /base"
`,
  );
  for (const COMPOSE_BAKE of ["true", "false"]) {
    const built = await docker(["compose", "--progress", "plain", "build", "--no-cache"], {
      cwd: folder,
      env: { COMPOSE_BAKE },
    });
    if (rig.newest) {
      expect([built.exitCode, built.stderr.includes("failed")]).toEqual([0, false]);
      expect(
        told(built.stdout + built.stderr).steps.find(({ name }) => name === "[app 1/2] RUN cat /base")?.logs,
      ).toEqual(["base"]);
      expect(await inside("linked-app", "cat /base")).toBe("base");
    } else {
      expect(built.stderr).toContain("failed to get build context base: stat service:base: no such file or directory");
    }
  }
});
