/** Dockerfiles that are wrong, or ask for too much: what is refused, with which words and where. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { writeContext } from "./context.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-errors-");
const files = { f: "1", "d/x": "2", "a b": "3" };

beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function build(dockerfile: string, ...args: string[]): Promise<{ exitCode: number; text: string }> {
  const done = await daemon.berth(
    "build",
    "--progress",
    "plain",
    ...args,
    writeContext(scratch, { Dockerfile: dockerfile, ...files }),
  );
  return { exitCode: done.exitCode, text: done.stdout + done.stderr };
}

test.each<[string, string, ...string[]]>([
  ["FROM busybox\n  COPY nofile /x", "Dockerfile:2:8", '"/nofile": not found'],
  [
    "FROM busybox\nRUN true && \\\n  false",
    "Dockerfile:2:1",
    'process "/bin/sh -c true &&   false" did not complete successfully: exit code: 1',
  ],
  [
    "FROM busybox\nRUN --mount=type=cache,targt=/x true",
    "Dockerfile:2:24",
    "unexpected key 'targt' in 'targt=/x' (did you mean target?)",
  ],
  [
    "FROM busybox AS builder\nFROM scratch\nCOPY --from=buidler /bin /bin",
    "Dockerfile:3:13",
    "buidler: failed to resolve source metadata for docker.io/library/buidler:latest: ",
    "(did you mean builder?)",
  ],
  [
    "FROM busybux",
    "Dockerfile:1:6",
    "busybux: failed to resolve source metadata for docker.io/library/busybux:latest: ",
    "(did you mean busybox?)",
  ],
  [
    "FROM Busybox",
    "Dockerfile:1:6",
    'failed to parse stage name "Busybox": invalid reference format: repository name (library/Busybox) must be ' +
      "lowercase",
  ],
  ["FROM --platform=$NONE busybox", "Dockerfile:1:17", "empty platform value from expression $NONE"],
  [
    'FROM busybox\nRUN echo "a"; exit 4',
    "Dockerfile:2:1",
    'process "/bin/sh -c echo \\"a\\"; exit 4" did not complete successfully: exit code: 4',
  ],
  ["FROM busybox\nADD --checksum=abc http://127.0.0.1:1/f /x", "Dockerfile:2:16", "invalid checksum digest format"],
  ["FROM busybox\nCOPY --frm=x f /", "Dockerfile:2:6", "unknown flag: --frm"],
  ["FROM busybox\nENV a=1 \\\n  b=${c^}", "Dockerfile:3:5", "unsupported modifier (^) in substitution"],
  ["FROM busybox\nCOPY f d /x", "Dockerfile:2:11", "cannot copy to non-directory: /x"],
  ["FROM busybox\nCOPY d /etc/passwd", "Dockerfile:2:9", "cannot copy to non-directory: /etc/passwd"],
  ["FROM busybox\nCOPY f /etc/passwd/f", "Dockerfile:2:9", "lstat /etc/passwd/f: not a directory"],
  ["FROM busybox\nCOPY --from=9 f /x", "Dockerfile:2:13", "invalid stage index 9"],
  [
    "FROM busybox\nCOPY --from=later f /x\nFROM busybox AS later",
    "Dockerfile:2:13",
    'cannot copy from stage "later", it needs to be defined before current stage',
  ],
  ["FROM busybox\nADD --checksum=sha256:00 f /x", "Dockerfile:2:5", "checksum requires HTTP(S) or Git sources"],
  [
    "FROM busybox\nADD http://127.0.0.1:1/f /x",
    "Dockerfile:2:5",
    'failed to load cache key: Get "http://127.0.0.1:1/f": dial tcp 127.0.0.1:1: connect: connection refused',
  ],
  ["FROM busybox\nEXPOSE 80 what", "Dockerfile:2:11", "invalid containerPort: what"],
  [
    "FROM busybox\nUSER nosuch\nRUN id",
    "Dockerfile:3:1",
    "unable to find user nosuch: no matching entries in passwd file",
  ],
  ["FROM scratch\nCOPY --chown=nosuch f /f", "Dockerfile:2:1", "unable to find user nosuch"],
  ["FROM busybox\nRUN --security=insecure true", "Dockerfile:2:5", "security.insecure is not allowed"],
  ["FROM busybox\nRUN --network=host true", "Dockerfile:2:5", "network.host is not allowed"],
])("%j is refused at its place", async (dockerfile, place, ...messages) => {
  const { exitCode, text } = await build(dockerfile, "--target", /later/.test(dockerfile) ? "0" : "");
  expect(exitCode).not.toBe(0);
  expect(text).toContain(`${place}\n--------------------\n`);
  for (const message of messages) expect(text).toContain(message);
});

test("a target that is misspelt is told with the stage that is near", async () => {
  const { text } = await build("FROM busybox AS builder\nFROM busybox AS release", "--target", "relase");
  expect(text).toContain('target stage "relase" could not be found (did you mean release?)');
});

test("a trigger that is wrong is told where the base is named", async () => {
  expect((await build("FROM busybox\nONBUILD COPY nofile /x", "-t", "triggers")).exitCode).toBe(0);
  expect((await build("# one\nFROM triggers")).text).toContain("Dockerfile:2:1\n");
});

test("entitlements are given by whoever builds", async () => {
  expect(
    (
      await build(
        "FROM busybox\nRUN --security=insecure grep CapEff /proc/self/status > /caps",
        "--allow",
        "security.insecure",
      )
    ).exitCode,
  ).toBe(0);
  const host = "FROM busybox\nRUN --network=host test -e /sys/class/net/lo";
  expect((await build(host, "--allow", "network.host")).exitCode).toBe(0);
  expect((await build(host, "--network", "host")).exitCode).toBe(0);
});

test("checks: skipped, made errors, and told with the source", async () => {
  const dockerfile = "FROM busybox AS one\nENV KNOWN=1\nFROM one\nENV a=$KNOWN:$PATH b=$UNKNOWN\nCMD foo\n";
  const check = async (head: string, ...args: string[]) => build(head + dockerfile, ...args);
  const found = await check("", "--check");
  expect(found.exitCode).toBe(1);
  expect(found.text).toContain(
    "WARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/\nUsage of undefined " +
      "variable '$UNKNOWN' (did you mean $KNOWN?)\nDockerfile:4\n--------------------\n",
  );
  expect(found.text).toContain(
    "WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/\n",
  );
  expect(found.text).toContain("Check complete, 2 warnings have been found!");
  expect((await check("# check=skip=JSONArgsRecommended,UndefinedVar\n", "--check")).text).toContain(
    "Check complete, no warnings found.",
  );
  expect((await check("# check=skip=all;error=true\n")).exitCode).toBe(0);
  const failed = await check("# check=skip=UndefinedVar;error=true\n");
  expect(failed.text).toContain("lint violation found for rules: JSONArgsRecommended");
  expect((await check("# check=what\n")).text).toContain("Dockerfile:1:9");
  const warned = await check("");
  expect([warned.exitCode, warned.text]).toEqual([0, expect.stringContaining("WARNING: JSONArgsRecommended")]);
  const ignored = writeContext(scratch, {
    Dockerfile: "# check=experimental=all\nFROM scratch\nCOPY f /\n",
    ".dockerignore": "f\n",
    f: "",
  });
  expect((await daemon.berth("build", "--check", ignored)).stdout).toContain("WARNING: CopyIgnoredFile");
  const missing = await build("FROM 127.0.0.1:1/none\n", "--check");
  expect([missing.exitCode, missing.text]).toEqual([1, expect.stringContaining("Dockerfile:1:1\n")]);
  expect(missing.text).toContain("127.0.0.1:1/none: failed to resolve source metadata for 127.0.0.1:1/none:latest: ");
});

test("a Dockerfile from standard input is called Dockerfile", async () => {
  const done = await sh([join(import.meta.dir, "../../bin/berth"), "build", "-f", "-", writeContext(scratch, files)], {
    env: { DOCKER_HOST: daemon.host },
    input: "FROM busybox\nRUNN x\n",
  });
  expect(done.stderr).toContain("Dockerfile:2:1\n");
});

test("a reference of git is no option", async () => {
  const mark = join(scratch, "mark");
  const done = await daemon.berth("build", `https://127.0.0.1:1/x.git#--upload-pack=touch ${mark}`);
  expect(done.stderr).toContain("invalid git reference");
  expect(existsSync(mark)).toBe(false);
});

test("-o writes the files of the image and nothing else", async () => {
  const dest = join(scratch, "out");
  expect((await build("FROM scratch\nCOPY d /p/", "-o", dest)).exitCode).toBe(0);
  expect(readdirSync(dest, { recursive: true }).sort()).toEqual(["p", "p/x"]);
});

test("WORKDIR belongs to the USER that is set", async () => {
  expect((await build("FROM busybox\nUSER 33:44\nWORKDIR /made/here\nRUN touch file", "-t", "owned")).exitCode).toBe(0);
  expect(await daemon.ok("run", "--rm", "owned", "stat", "-c", "%u:%g", "/made", "/made/here")).toBe("33:44\n33:44");
});

test("build arguments that nothing asks for are told of", async () => {
  const asked = await build(
    "ARG G\nFROM busybox\nARG S\nRUN true",
    "--build-arg",
    "G=1",
    "--build-arg",
    "S=1",
    "--build-arg",
    "HTTP_PROXY=x",
    "--build-arg",
    "b=1",
    "--build-arg",
    "a=1",
  );
  expect(asked.text).toContain("One or more build-args [a b] were not consumed");
});

test("a cache mount begins with the files of a stage or an image", async () => {
  const { exitCode, text } = await build(
    [
      "FROM busybox AS seed",
      "RUN mkdir /s && echo seeded > /s/f",
      "FROM busybox",
      "RUN --mount=type=cache,id=one,target=/c,from=seed,source=/s cat /c/f",
      "RUN --mount=type=cache,id=two,target=/c,from=busybox,source=../etc head -1 /c/passwd",
    ].join("\n"),
  );
  expect(text).toContain("seeded\n");
  expect(text).toContain("root:x:0:0");
  expect(exitCode).toBe(0);
});

test("a frontend of somebody else's is not run, and that is told", async () => {
  expect((await build("# syntax=docker.io/docker/dockerfile-upstream:1.4-labs\nFROM busybox")).text).not.toContain(
    "frontend",
  );
  const foreign = await build("# syntax=example.org/other:1\nFROM busybox");
  expect([foreign.exitCode, foreign.text]).toEqual([
    0,
    expect.stringContaining("the frontend example.org/other:1 is not run"),
  ]);
});
