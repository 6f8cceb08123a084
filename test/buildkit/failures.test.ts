/** What a build says that fails, and what is left of one that is broken off. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../harness.ts";
import { Buildx } from "./rig.ts";
import { names, step, told } from "./told.ts";

const rig = new Buildx();
const { fails, context, docker } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

test("a step that fails: its words, its code, its line; the steps after it are not run", async () => {
  const root = context("FROM busybox\nCOPY f /\nRUN echo before; echo bad >&2; exit 7\nRUN echo never\n", { f: "f" });
  const text = 'process "/bin/sh -c echo before; echo bad >&2; exit 7" did not complete successfully: exit code: 7';
  const failed = await fails([root]);
  expect(failed.exitCode).toBe(1);
  expect(failed.error).toBe(`failed to solve: ${text}`);
  expect(step(failed, "[3/4] RUN echo before; echo bad >&2; exit 7")).toMatchObject({
    end: "error",
    error: text,
    logs: ["before", "bad"],
  });
  expect(failed.stderr).toContain("\n > [3/4] RUN echo before; echo bad >&2; exit 7:\n");
  expect(failed.excerpt).toEqual([
    "Dockerfile:3",
    "   1 |     FROM busybox",
    "   2 |     COPY f /",
    "   3 | >>> RUN echo before; echo bad >&2; exit 7",
    "   4 |     RUN echo never",
    "   5 |     ",
  ]);
  expect(names(failed).filter((name) => /never|exporting/.test(name))).toEqual([]);
  const quiet = await docker(["build", "-q", root]);
  expect([quiet.exitCode, quiet.stdout]).toEqual([1, ""]);
  expect(told(quiet.stderr).error).toBe(`failed to solve: ${text}`);
});

/** Dockerfiles with what is said of them, and the line that is shown, 0 for none. */
const refused: [string, string, number][] = [
  ["", "the Dockerfile cannot be empty", 0],
  ["FROM busybox\nFRM x\n", "dockerfile parse error on line 2: unknown instruction: FRM (did you mean FROM?)", 2],
  ["RUN true\n", "no build stage in current context", 1],
  ["FROM busybox\nRUN --mount=type=nosuch true\n", 'unsupported mount type "nosuch"', 2],
  [
    "FROM busybox\nCOPY a\n",
    "dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided. " +
      "Destination could not be determined",
    2,
  ],
  ["FROM busybox\nEXPOSE x\n", "invalid containerPort: x", 2],
  ["FROM busybox:\n", 'failed to parse stage name "busybox:": invalid reference format', 1],
  [
    "FROM Busybox\n",
    'failed to parse stage name "Busybox": invalid reference format: ' +
      "repository name (library/Busybox) must be lowercase",
    1,
  ],
  ["FROM busybox\nENV x\n", "ENV must have two arguments", 2],
  ["ARG X\nFROM $X\n", "base name ($X) should not be blank", 2],
  ["FROM busybox\nUSER\n", "dockerfile parse error on line 2: USER requires exactly one argument", 2],
  ["FROM busybox\nCOPY --from=0 /a /b\n", "circular dependency detected on stage: stage-0", 2],
  [
    "FROM busybox\nHEALTHCHECK --interval=1 CMD true\n",
    'dockerfile parse error on line 2: time: missing unit in duration "1"',
    2,
  ],
  ["FROM busybox\nSTOPSIGNAL nosig\n", "invalid signal: nosig", 2],
];
test.each(refused)("%j is refused: %s", async (dockerfile, text, line) => {
  const failed = await fails(["-f", "-", context("")], { input: dockerfile });
  expect(failed.error).toBe(`failed to solve: ${text}`);
  expect(failed.excerpt[0]).toBe(line === 0 ? undefined : `Dockerfile:${line}`);
  expect(failed.excerpt.filter((each) => each.includes(">>>"))).toHaveLength(line === 0 ? 0 : 1);
  expect(step(failed, "[internal] load build definition from Dockerfile").end).toBe("done");
});

/** Builds that fail in the middle, with what is said at the end. */
const broken: [string, string, RegExp, string[]][] = [
  ["an unknown target", "FROM busybox AS a\n", /^target stage "nope" could not be found$/, ["--target", "nope"]],
  ["no Dockerfile", "", /^failed to read dockerfile: open Nope: no such file or directory$/, ["-f", "Nope"]],
  [
    "no image",
    "FROM 127.0.0.1:1/x:1\n",
    /^127\.0\.0\.1:1\/x:1: failed to resolve source metadata for 127\.0\.0\.1:1\/x:1: /,
    [],
  ],
  ["no file", "FROM busybox\nCOPY nothere /x\n", /^failed to compute cache key: .*"\/nothere": not found$/, []],
  ["a file outside", "FROM busybox\nCOPY ../x /\n", /^failed to compute cache key: .*"\/x": not found$/, []],
  [
    "no program",
    "FROM busybox\nRUN nosuch\n",
    /^process "\/bin\/sh -c nosuch" did not complete successfully: exit code: 127$/,
    [],
  ],
  [
    "no user",
    "FROM busybox\nUSER nobodyhere\nRUN true\n",
    /^process "\/bin\/sh -c true" did not complete successfully: unable to find user nobodyhere: no matching entries/,
    [],
  ],
];
test.each(broken)("%s", async (_, dockerfile, text, flags) => {
  const root = context(dockerfile);
  const failed = await fails([...flags.map((flag) => (flag === "Nope" ? `${root}/Nope` : flag)), root]);
  expect(failed.error.replace(/^failed to solve: /, "")).toMatch(text);
  expect(failed.exitCode).toBe(1);
});

test("one stage fails: those that run beside it are ended", async () => {
  const root = context(
    "FROM busybox AS a\nRUN sleep 1; false\nFROM busybox AS b\nRUN sleep 100.25\n" +
      "FROM busybox\nCOPY --from=a / /\nCOPY --from=b / /\n",
  );
  const began = Date.now();
  const failed = await fails([root]);
  expect(Date.now() - began).toBeLessThan(20_000);
  expect(step(failed, "[a 2/2] RUN sleep 1; false").end).toBe("error");
  expect(step(failed, "[b 2/2] RUN sleep 100.25").end).toBe("canceled");
  await until("the other step to end", () => processes("sleep 100.25").length === 0, 2000);
});

describe("broken off", () => {
  test("by SIGINT: the client says 130, the running step is gone within a second, the next build is well", async () => {
    const root = context("FROM busybox\nRUN echo begin; sleep 100.5; echo end\n");
    const child = Bun.spawn(["docker", "buildx", "build", "--progress=plain", root], {
      env: { ...process.env, ...rig.env },
      stdout: "ignore",
      stderr: "pipe",
    });
    await until("the step to run", () => processes("sleep 100.5").length > 0);
    child.kill("SIGINT");
    await until("the step to end", () => processes("sleep 100.5").length === 0, 1500);
    expect(await child.exited).toBe(rig.newest ? 130 : 1);
    const said = await child.stderr.text();
    expect(told(said).steps.at(-1)?.logs).toEqual(["begin"]);
    if (!rig.newest) expect(told(said).error).toEndWith(": Canceled: context canceled");
    await rig.build([context("FROM busybox\nRUN echo well\n")]);
  });

  test("by the death of the client: the step ends as well", async () => {
    const root = context("FROM busybox\nRUN sleep 100.75\n");
    const child = Bun.spawn(["docker-buildx", "build", "--progress=plain", root], {
      env: { ...process.env, ...rig.env, PATH: `${rig.env.DOCKER_CONFIG}/cli-plugins:${process.env.PATH}` },
      stdout: "ignore",
      stderr: "ignore",
    });
    await until("the step to run", () => processes("sleep 100.75").length > 0);
    child.kill("SIGKILL");
    await child.exited;
    await until("the step to end", () => processes("sleep 100.75").length === 0, 5000);
  });
});

/** The processes of this machine with exactly this command line. */
function processes(command: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() === command;
    } catch {
      return false;
    }
  });
}
