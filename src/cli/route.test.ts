import { expect, test } from "bun:test";
import { type CommandTable, isTable } from "./command.ts";
import { groups, shortcuts } from "./commands/registry.ts";
import { findRoute } from "./route.ts";
import { runCli } from "./testing.ts";

async function tables(): Promise<Map<string, CommandTable>> {
  return new Map(
    await Promise.all(Object.entries(groups).map(async ([noun, { load }]) => [noun, (await load()).default] as const)),
  );
}

test("every top-level verb stands for a command that names it", async () => {
  const all = await tables();
  for (const [verb, target] of Object.entries(shortcuts)) {
    const [noun = "", name = ""] = target.split(" ");
    expect([verb, all.get(noun)?.commands[name]?.also]).toEqual([verb, expect.arrayContaining([verb])]);
  }
});

test("every command loads, and its flags are sound", async () => {
  for (const [noun, { commands }] of await tables()) {
    for (const [name, entry] of Object.entries(commands)) {
      const { default: command } = await entry.load();
      if (isTable(command)) continue;
      const shorts = Object.values(command.flags).flatMap(({ short }) => short ?? []);
      expect([noun, name, new Set(shorts).size]).toEqual([noun, name, shorts.length]);
      expect(entry.short).not.toBe("");
    }
  }
});

test("words lead to commands", async () => {
  expect(await findRoute(["ps", "-a"])).toMatchObject({
    kind: "command",
    path: "ps",
    home: "container ls",
    rest: ["-a"],
  });
  expect(await findRoute(["container", "list"])).toMatchObject({
    kind: "command",
    path: "container ls",
    home: "container ls",
    rest: [],
  });
  expect(await findRoute(["container"])).toMatchObject({ kind: "table", path: "container" });
  expect(await findRoute(["container", "--help"])).toMatchObject({ kind: "table", rest: ["--help"] });
  expect(await findRoute(["container", "toString"])).toEqual({
    kind: "unknown",
    path: "container toString",
    parent: "container",
  });
  expect(await findRoute(["constructor"])).toEqual({ kind: "unknown", path: "constructor", parent: "" });
  expect(await findRoute(["version"])).toMatchObject({ kind: "command", path: "version" });
});

test("help", async () => {
  for (const line of [["--help"], ["help"]])
    expect((await runCli(line)).stdout).toStartWith("Usage:  berth [OPTIONS] COMMAND\n");
  expect((await runCli(["help", "ps"])).stdout).toStartWith("Usage:  berth ps [OPTIONS]\n");
  expect(await runCli(["help", "nope"])).toMatchObject({ code: 1, stderr: "unknown help topic: nope\n" });
  expect((await runCli(["container"])).stderr).toStartWith("Usage:  berth container COMMAND\n");
  expect((await runCli(["-v"])).stdout).toMatch(/^Berth version \d/);
});

test("help wraps at the terminal's width", async () => {
  const { stdout } = await runCli(["run", "--help"], { columns: 60 });
  const long = stdout
    .split("\n")
    .filter((line) => line.length > 70 && line.trim().includes(" ") && line.startsWith(" ".repeat(30)));
  expect(long).toEqual([]);
  expect(stdout).toContain("      --memory-swappiness int            How readily");
});
