/** What is asked of a Dockerfile without building it: its faults, its arguments and secrets, its targets. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startRegistry } from "../build/registry.ts";
import type { Result } from "../harness.ts";
import { Buildx } from "./rig.ts";
import { names, step, told } from "./told.ts";

const rig = new Buildx();
const { build, context, docker } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

/** Asks by `--call`, which older releases have as an experiment, by another name. */
function ask(what: string, root: string, ...args: string[]): Promise<Result> {
  return rig.newest
    ? docker(["build", "--progress=plain", `--call=${what.replace("lint", "check")}`, ...args, root])
    : docker(["buildx", "build", "--progress=plain", `--print=${what}`, ...args, root], {
        env: { BUILDX_EXPERIMENTAL: "1" },
      });
}

const faulty = "from busybox as base\nMAINTAINER me\nARG PASSWORD=x\nENV A $B\nFROM base\nCMD echo hi\n";

const warnings = [
  ["ConsistentInstructionCasing", 1, "Command 'from' should match the case of the command majority (uppercase)"],
  ["MaintainerDeprecated", 2, "Maintainer instruction is deprecated in favor of using label"],
  ["SecretsUsedInArgOrEnv", 3, 'Do not use ARG or ENV instructions for sensitive data (ARG "PASSWORD")'],
  ["UndefinedVar", 4, "Usage of undefined variable '$B'"],
  ["LegacyKeyValueFormat", 4, '"ENV key=value" should be used instead of legacy "ENV key value" format'],
  ["JSONArgsRecommended", 6, "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals"],
] as const;

/** `JSONArgsRecommended` as addresses have it: `json-args-recommended`. */
const dashed = (rule: string) => rule.replace(/(?<=[a-z])(?=[A-Z])|(?<=JSON)/g, "-").toLowerCase();

test("lint: each fault by rule, address, text and place; an exit code where the client has one for it", async () => {
  const { stdout, stderr, exitCode } = await ask("lint", context(faulty));
  const found = [...stdout.matchAll(/^WARNING: (\w+) - (\S+)\n(.*)\n(?:.*\/)?Dockerfile:(\d+)\n-{20}\n/gm)];
  expect(found.map(([, rule, , text, line]) => [rule, Number(line), text])).toEqual(warnings.map((each) => [...each]));
  for (const [, rule = "", url] of found)
    expect(url).toBe(`https://docs.docker.com/go/dockerfile/rule/${dashed(rule)}/`);
  expect(stdout).toContain("   2 | >>> MAINTAINER me\n");
  expect(exitCode).toBe(rig.newest ? 1 : 0);
  expect(names(told(stderr))).toEqual(
    expect.arrayContaining([
      "[internal] load .dockerignore",
      "[internal] load build definition from Dockerfile",
      "[internal] load metadata for docker.io/library/busybox:latest",
    ]),
  );
  expect(stderr).not.toContain("FROM docker.io");
});

test("lint as JSON, where the client has it, of a file without fault, of one that cannot be read", async () => {
  if (rig.newest) {
    const json = JSON.parse((await ask("lint,format=json", context(faulty))).stdout);
    expect(json.warnings).toContainEqual({
      ruleName: "UndefinedVar",
      description: "Variables should be defined before their use",
      url: "https://docs.docker.com/go/dockerfile/rule/undefined-var/",
      detail: "Usage of undefined variable '$B'",
      location: { ranges: [{ start: { line: 4 }, end: { line: 4 } }] },
    });
    expect(json.warnings).toHaveLength(warnings.length);
    expect(json.sources[0]).toMatchObject({ filename: "Dockerfile", data: btoa(faulty), language: "Dockerfile" });
  }
  const well = await ask("lint", context("FROM busybox\nRUN true\n"));
  expect([well.exitCode, well.stdout.trim()]).toEqual([0, rig.newest ? "Check complete, no warnings found." : ""]);
  // Older releases show nothing of what could not be read.
  if (rig.newest) {
    const bad = await ask("lint", context("FROM busybox\nFRM x\n"));
    expect([bad.exitCode, bad.stdout]).toEqual([1, ""]);
    expect(bad.stderr).toContain("dockerfile parse error on line 2: unknown instruction: FRM (did you mean FROM?)");
  }
});

test("a build warns of the same faults, and is done", async () => {
  const built = await build([context(faulty)]);
  expect(built.warnings.toSorted()).toEqual(
    warnings.map(([rule, line, text]) => `${rule}: ${text} (line ${line})`).sort(),
  );
  expect(step(built, "exporting to image").end).toBe("done");
});

const described = [
  "# no directive",
  "# base is where it begins",
  "FROM busybox AS base",
  "# WHO is greeted",
  "ARG WHO=you",
  "ARG NODEFAULT",
  "RUN --mount=type=secret,id=tok,required true",
  "RUN --mount=type=ssh true",
  "RUN --mount=type=cache,id=c,target=/c true",
  "# final is what ships",
  "FROM base AS final",
  "RUN echo $WHO",
  "",
].join("\n");
const at = (line: number) => ({ ranges: [{ start: { line }, end: { line } }] });

test("outline: what the target takes, with what is written above it", async () => {
  const root = context(described);
  const { stdout } = await ask("outline", root);
  expect(stdout.replace(/ +$/gm, "")).toBe(
    [
      "TARGET:      final",
      "DESCRIPTION: is what ships",
      "",
      "BUILD ARG   VALUE   DESCRIPTION",
      "WHO         you     is greeted",
      "NODEFAULT",
      "",
      "SECRET   REQUIRED",
      "tok      true",
      "",
      "SSH       REQUIRED",
      "default",
      "",
      "",
    ].join("\n"),
  );
  const json = JSON.parse((await ask("outline,format=json", root, "--target", "base", "--build-arg", "WHO=me")).stdout);
  expect(json).toMatchObject({
    name: "base",
    description: "is where it begins",
    args: [
      { name: "WHO", value: "me", description: "is greeted", location: at(5) },
      { name: "NODEFAULT", location: at(6) },
    ],
    secrets: [{ name: "tok", required: true, location: at(7) }],
    ssh: [{ name: "default", location: at(8) }],
  });
});

test("targets: each by name, the one that is built first said to be so", async () => {
  const root = context(described);
  expect((await ask("targets", root)).stdout.trimEnd()).toBe(
    ["TARGET          DESCRIPTION", "base            is where it begins", "final (default) is what ships"].join("\n"),
  );
  const json = JSON.parse((await ask("targets,format=json", root)).stdout);
  expect(json.targets).toEqual([
    { name: "base", description: "is where it begins", base: "busybox", location: at(3) },
    { name: "final", default: true, description: "is what ships", base: "base", location: at(11) },
  ]);
});

test("bases that are not here are asked of their registry, and none is brought", async () => {
  await using registry = await startRegistry();
  const image = `${registry.host}/base`;
  await rig.ok("build", "-q", "-t", image, context("FROM busybox\nENV KNOWN=x\n"));
  await rig.ok("push", "-q", image);
  await rig.ok("rmi", image);
  const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
  const own = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
  const root = context(`ARG OTHER=${other}\nFROM --platform=$OTHER ${image}\nENV A=$KNOWN B=$UNKNOWN\n`);
  const { stdout, stderr } = await ask("lint", root);
  const found = [...stdout.matchAll(/^WARNING: (\w+).*\n(.*)\n/gm)].map(([, rule, text]) => [rule, text]);
  expect(found.sort()).toEqual([
    [
      "InvalidBaseImagePlatform",
      `Base image ${image} was pulled with platform "${own}", expected "${other}" for current build`,
    ],
    ["UndefinedVar", "Usage of undefined variable '$UNKNOWN' (did you mean $KNOWN?)"],
  ]);
  expect(names(told(stderr))).toContain(`[internal] load metadata for ${image}:latest`);
  expect((await docker(["image", "inspect", image])).exitCode).toBe(1);
  const skipped = context(`# check=skip=InvalidBaseImagePlatform\nFROM --platform=${other} ${image}\n`);
  expect((await ask("lint", skipped)).stdout).not.toContain("WARNING: InvalidBaseImagePlatform");
  const ofPlatforms = async (root: string) =>
    (await build([root])).warnings.filter((each) => each.startsWith("InvalidBaseImagePlatform"));
  expect(await ofPlatforms(context(`FROM --platform=${other} ${image}\n`))).toHaveLength(1);
  expect(await ofPlatforms(skipped)).toEqual([]);
  const outlined = await ask("outline", context(`FROM ${image} AS one\nARG A=$KNOWN\n`));
  expect(outlined.stdout).toMatch(/^A +x/m);
  expect(names(told(outlined.stderr))).toContain(`[internal] load metadata for ${image}:latest`);
  const missing = await ask("lint", context(`FROM ${registry.host}/none\n`));
  if (!rig.newest) return;
  expect(missing.exitCode).toBe(1);
  expect(missing.stdout + missing.stderr).toContain(
    `ERROR: ${registry.host}/none: failed to resolve source metadata for ${registry.host}/none:latest: ` +
      `${registry.host}/none:latest: not found`,
  );
});
