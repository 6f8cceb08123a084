/** Names in the archive of a container's path. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon, sh } from "../harness.ts";

setDefaultTimeout(120_000);
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok(
    "run",
    "--name",
    "tree",
    "busybox",
    "sh",
    "-c",
    "mkdir -p /top/in && echo x >/top/in/file && ln -s in /top/link && ln -s / /top/root",
  );
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function names(path: string): Promise<string[]> {
  const response = await fetch(`http://d/containers/tree/archive?${new URLSearchParams({ path })}`, {
    unix: daemon.socket,
  });
  const listed = await sh(["tar", "-tPf", "-"], { input: new Uint8Array(await response.arrayBuffer()) });
  expect(listed.exitCode).toBe(0);
  return listed.stdout.trim().split("\n");
}

test.each([
  ["/", ["/", "/top/", "/top/in/file", "/top/link", "/top/root"]],
  ["/top/..", ["/", "/top/in/file"]],
  [".", ["./", "./top/in/file"]],
  ["/./", ["./", "./top/in/file"]],
  ["/top/root/", ["root/", "root/top/in/file"]],
  ["/top/in/..", ["top/", "top/in/file", "top/link"]],
  ["top/link/", ["link/", "link/file"]],
])("of %s", async (path, expected) => {
  const found = await names(path);
  expect(found[0]).toBe(expected[0] ?? "");
  for (const name of expected) expect(found).toContain(name);
  expect(found.filter((name) => name.startsWith("//"))).toEqual([]);
});
