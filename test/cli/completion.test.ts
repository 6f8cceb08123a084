import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { sameEngine } from "../../src/cli/testdata/engine.ts";
import type { StubEngine } from "../../src/cli/testing.ts";

let engine: StubEngine;
let dir: string;
beforeAll(() => {
  engine = sameEngine();
  dir = mkdtempSync("/tmp/berth-completion-");
  writeFileSync(`${dir}/archive.tar`, "");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

/** What bash itself is given for a line, its word breaks as they usually are. */
async function bash(line: string): Promise<string[]> {
  const script = `
    source <(berth completion bash)
    compopt() { :; }
    COMP_LINE=$1 COMP_POINT=\${#1} COMP_TYPE=9 COMP_WORDBREAKS=$' \\t\\n"'"'"'><=;|&(:'
    COMPREPLY=()
    _berth_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: `${process.cwd()}/bin:${process.env["PATH"] ?? ""}`, DOCKER_HOST: engine.host, HOME: dir };
  const child = Bun.spawn(["bash", "-c", script, "bash", line], { env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash completes commands, flags, names and files", async () => {
  expect(await bash("berth netw")).toEqual(["network"]);
  expect(await bash("berth run --cap-a")).toEqual(["--cap-add"]);
  expect(await bash("berth rm ")).toEqual(["web", "job"]);
  expect(await bash(`berth load -i ${dir}/ar`)).toEqual([`${dir}/archive.tar`]);
});

test("what stands before a word break is not repeated", async () => {
  expect(await bash("berth run busybox:l")).toEqual(["latest"]);
  expect(await bash("berth run --network=b")).toEqual(["bridge"]);
});
