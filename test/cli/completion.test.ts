import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { sameEngine } from "../../src/cli/testdata/engine.ts";
import type { StubEngine } from "../../src/cli/testing.ts";
import { sh, until } from "../harness.ts";

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

const environment = () => ({
  PATH: `${process.cwd()}/bin:${process.env["PATH"] ?? ""}`,
  DOCKER_HOST: engine.host,
  HOME: dir,
  TERM: "xterm",
});

/** What fish itself offers for a line, descriptions left out. */
async function fish(line: string): Promise<string[]> {
  const { stdout } = await sh(["fish", "-c", "berth completion fish | source; complete -C $argv[1]", line], {
    env: environment(),
  });
  return stdout
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => row.split("\t")[0] ?? "");
}

/** Zsh makes `wanted` of a line and a Tab, in a terminal. */
async function zsh(line: string, wanted: string): Promise<void> {
  // A server of its own each time: one that is ending would take the next session with it.
  const socket = `${dir}/tmux-${Bun.hash(line)}`;
  const tmux = (...args: string[]) =>
    sh(["tmux", "-S", socket, "-f", "/dev/null", ...args], { env: { ...environment(), TMUX: "" } });
  writeFileSync(
    `${dir}/.zshrc`,
    "autoload -U compinit; compinit -u -d $HOME/dump; source <(berth completion zsh); PS1='ready> '\n",
  );
  const screen = async () => (await tmux("capture-pane", "-p")).stdout;
  await tmux("new-session", "-d", "-x", "120", "-y", "30", "zsh -d");
  try {
    await until("the prompt", async () => (await screen()).includes("ready>"));
    await tmux("send-keys", "-l", line);
    await until("the line", async () => (await screen()).includes(`ready> ${line}`));
    await tmux("send-keys", "Tab");
    await until(wanted, async () => (await screen()).split("\n").some((row) => row.trimEnd() === `ready> ${wanted}`));
  } finally {
    await tmux("kill-server");
  }
}

test("fish completes commands, flags and names", async () => {
  expect(await fish("berth netw")).toEqual(["network"]);
  expect(await fish("berth run --cap-a")).toEqual(["--cap-add"]);
  expect((await fish("berth rm ")).sort()).toEqual(["job", "web"]);
  expect(await fish("berth run busybox:l")).toEqual(["busybox:latest"]);
});

test("zsh completes commands and names", async () => {
  await zsh("berth netw", "berth network");
  await zsh("berth rm w", "berth rm web");
  await zsh("berth run busybox:l", "berth run busybox:latest");
});

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

test("a flag of few words offers them", async () => {
  expect(await bash("berth run --health-on-failure ")).toEqual(["none", "restart", "stop", "kill"]);
  expect(await bash("berth update --health-on-failure re")).toEqual(["restart"]);
});
