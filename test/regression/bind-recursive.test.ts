import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { runOk } from "../../src/lib/run.ts";
import { Daemon } from "../harness.ts";

/** What a bind takes along of the mounts below its source, and which of it may be written to. */
setDefaultTimeout(120_000);
let daemon: Daemon;
let source = "";
beforeAll(async () => {
  daemon = await Daemon.start();
  source = mkdtempSync("/tmp/berth-bind-");
  for (const path of ["sub", "sub/deep"]) {
    mkdirSync(`${source}/${path}`);
    await runOk(["mount", "-t", "tmpfs", "below", `${source}/${path}`]);
    if (path === "sub") await Bun.write(`${source}/sub/file`, "x");
  }
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  for (const path of ["sub/deep", "sub"]) await runOk(["umount", `${source}/${path}`]);
  rmSync(source, { recursive: true });
});

/** `rw` or `ro` of the mounts at and below /m, as a container sees them. */
async function seen(...args: string[]): Promise<string> {
  return (
    await daemon.ok(
      "run",
      "--rm",
      ...args,
      "busybox",
      "sh",
      "-c",
      "grep ' /m' /proc/self/mountinfo | cut -d' ' -f5,6 | cut -d, -f1",
    )
  ).replaceAll("\n", ", ");
}

const all = "/m rw, /m/sub rw, /m/sub/deep rw";
const none = "/m ro, /m/sub ro, /m/sub/deep ro";

test.each([
  ["", all],
  [",bind-recursive=enabled", all],
  [",bind-recursive=disabled", "/m rw"],
  [",bind-nonrecursive", "/m rw"],
  [",bind-recursive=disabled,bind-propagation=private", "/m rw"],
  [",readonly", none],
  [",readonly,bind-propagation=private", none],
  [",readonly,bind-recursive=disabled", "/m ro"],
  [",readonly,bind-recursive=writable", "/m ro, /m/sub rw, /m/sub/deep rw"],
  [",readonly,bind-recursive=readonly,bind-propagation=rprivate", none],
])("--mount type=bind%s", async (options, expected) => {
  expect(await seen("--mount", `type=bind,source=${source},target=/m${options}`)).toBe(expected);
});

test("-v …:ro, and a volume that stands for a directory with mounts below", async () => {
  expect(await seen("-v", `${source}:/m:ro`)).toBe(none);
  await daemon.ok("volume", "create", "--opt", "type=none", "--opt", "o=rbind", "--opt", `device=${source}`, "tree");
  expect(await seen("-v", "tree:/m")).toBe(all);
  expect(await seen("-v", "tree:/m:ro")).toBe(none);
  await daemon.ok("volume", "rm", "tree");
});

test("a source that shares no mounts cannot be asked to", async () => {
  await runOk(["mount", "--make-private", `${source}/sub`]);
  const { stderr } = await daemon.docker("run", "--rm", "-v", `${source}/sub:/m:rslave`, "busybox", "true");
  expect(stderr).toContain(`path ${source}/sub is mounted on ${source}/sub but it is not a shared or slave mount\n`);
});

test.each([
  ["v1.43", "/m ro,/m/sub rw,/m/sub/deep rw"],
  ["v1.44", "/m ro,/m/sub ro,/m/sub/deep ro"],
])("a client of API %s gets read-only binds of its time", async (version, expected) => {
  const binds = [
    { Binds: [`${source}:/m:ro`] },
    { Mounts: [{ Type: "bind", Source: source, Target: "/m", ReadOnly: true }] },
  ];
  for (const HostConfig of binds) {
    const Cmd = ["sh", "-c", "grep ' /m' /proc/self/mountinfo | cut -d' ' -f5,6 | cut -d, -f1"];
    const { json } = await daemon.api("POST", `/${version}/containers/create`, { Image: "busybox", Cmd, HostConfig });
    const output = await daemon.ok("start", "--attach", json.Id);
    expect(output.split("\n").join(",")).toBe(expected);
    await daemon.ok("rm", json.Id);
  }
});
