import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeConfig } from "./config/file.ts";
import { runCli, stubEngine } from "./testing.ts";

test("a command reaches the engine and prints what it says", async () => {
  await using engine = stubEngine({ "GET /containers/json": () => Response.json([{ Id: "0123456789abcdef" }]) });
  const run = await runCli(["ps", "-aq"], { engine });
  expect(run).toEqual({ code: 0, stdout: "0123456789ab\n", stderr: "" });
  expect(engine.calls[0]?.query).toEqual({ all: "1" });
});

test("unknown commands and flags, wrong argument counts", async () => {
  expect(await runCli(["foo"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "berth: unknown command: berth foo\n\nRun 'berth --help' for more information\n",
  });
  expect((await runCli(["container", "foo"])).stderr).toContain(
    "unknown command: berth container foo\n\nUsage:  berth container\n",
  );
  expect(await runCli(["ps", "--foo"])).toEqual({
    code: 125,
    stdout: "",
    stderr: "unknown flag: --foo\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more information\n",
  });
  expect(await runCli(["ps", "x"])).toMatchObject({
    code: 1,
    stderr:
      "berth: 'berth ps' accepts no arguments\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more " +
      "information\n",
  });
});

test("no engine", async () => {
  const run = await runCli(["-H", "unix:///nonexistent.sock", "ps"]);
  expect(run).toMatchObject({
    code: 1,
    stderr: "Cannot connect to the Berth daemon at unix:///nonexistent.sock. Is the berth daemon running?\n",
  });
});

test("a refusal of the engine", async () => {
  await using engine = stubEngine({
    "GET /containers/json": () => Response.json({ message: "invalid filter 'x'" }, { status: 400 }),
  });
  expect(await runCli(["ps"], { engine })).toMatchObject({
    code: 1,
    stderr: "Error response from daemon: invalid filter 'x'\n",
  });
});

test("options that conflict", async () => {
  expect((await runCli(["-H", "x", "-c", "y", "ps"])).stderr).toBe(
    "conflicting options: cannot specify both --host and --context\n",
  );
  expect((await runCli(["-l", "loud", "ps"])).stderr).toBe("Unable to parse logging level: loud\n");
});

test("help is output where it was asked for, else a note", async () => {
  for (const words of [[], ["container"]]) {
    const bare = await runCli(words);
    expect(bare).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("Usage:  berth") });
    expect(await runCli([...words, "--help"])).toEqual({ code: 0, stdout: bare.stderr, stderr: "" });
    expect(await runCli(["help", ...words])).toEqual({ code: 0, stdout: bare.stderr, stderr: "" });
  }
});

test("help of a command lists its paths", async () => {
  const { stdout } = await runCli(["container", "ps", "--help"]);
  expect(stdout).toStartWith(
    "Usage:  berth container ls [OPTIONS]\n\nList containers\n\nAliases:\n  berth container ls, berth " +
      "container list, berth container ps, berth ps\n\nOptions:\n  -a, --all ",
  );
});

test("a configuration that cannot be read is a warning", async () => {
  await using engine = stubEngine({ "GET /containers/json": () => Response.json([]) });
  const dir = mkdtempSync("/tmp/berth-config-");
  writeFileSync(`${dir}/config.json`, "{bad");
  const run = await runCli(["--config", dir, "ps", "-q"], { engine });
  expect(run).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^WARNING: Error parsing config file \(\S+config.json\): /),
  });
  await expect(writeConfig(dir, {})).rejects.toThrow("parsing config file");
  rmSync(dir, { recursive: true });
});
