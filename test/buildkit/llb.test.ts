/** Definitions that a program makes itself are built as Dockerfiles are, into the same layers and the same cache. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { controlPaths, SolveRequest, SolveResponse } from "../../src/api/buildkit/control.ts";
import { Definition, MountType, NetMode, SecurityMode } from "../../src/api/buildkit/llb.ts";
import { Code, GrpcError } from "../../src/lib/grpc/status.ts";
import { encode } from "../../src/lib/protobuf.ts";
import { Daemon, until } from "../harness.ts";
import {
  busybox,
  copied,
  definition,
  difference,
  files,
  made,
  merged,
  operation,
  type State,
  shell,
  source,
} from "./definitions.ts";
import { buildByWire, follow, type Offered, wireClient } from "./wire.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => daemon[Symbol.asyncDispose]());

/** Files of what a state comes to, and whether each vertex was cached. */
async function read(state: State, paths: readonly string[], offered: Offered = {}) {
  const texts: Record<string, string> = {};
  const { vertices } = await buildByWire(daemon.socket, offered, async (build) => {
    const ref = await build.solve(definition(state));
    for (const path of paths) texts[path] = await build.read(ref, path);
    return ref;
  });
  return { texts, cached: Object.fromEntries([...vertices].map(([name, { cached }]) => [name, cached])) };
}

/** Why a definition is refused. */
async function refusal(state: State, offered: Offered = {}): Promise<{ code: number; message: string }> {
  const error = await buildByWire(daemon.socket, offered, (build) => build.solve(definition(state), true)).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GrpcError)) throw new Error(`was built: ${error}`);
  return { code: error.code, message: error.message };
}

const folder = files(undefined, [
  {
    makeDir: {
      path: "/a/b",
      mode: 0o750,
      makeParents: true,
      timestamp: -1n,
      owner: { user: { byId: 5 }, group: { byId: 6 } },
    },
  },
  made("/a/b/f", "hello\n", 0o640),
  { symlink: { oldPath: "b/f", newPath: "/a/link", timestamp: -1n } },
]);

test("files are made, copied in all ways, and removed", async () => {
  const steps = [
    copied("/a", "/whole/"),
    copied("/a", "/contents", { dirCopyContents: true }),
    copied("/a/b/*", "/wild/", { allowWildcard: true }),
    copied("/a/link", "/followed", { followSymlink: true, mode: 0o600 }),
    copied("/a", "/only", { dirCopyContents: true, includePatterns: ["link"] }),
    copied("/a", "/without", { dirCopyContents: true, excludePatterns: ["link"] }),
    { remove: { path: "/wild/*", allowWildcard: true } },
    { remove: { path: "/nothing", allowNotFound: true } },
  ];
  await buildByWire(daemon.socket, {}, async (build) => {
    const ref = await build.solve(definition(files(undefined, steps, folder)));
    expect(await build.read(ref, "/whole/a/b/f")).toBe("hello\n");
    expect(await build.read(ref, "/contents/link")).toBe("hello\n");
    expect(await build.list(ref, "/wild")).toEqual([]);
    expect((await build.stat(ref, "/followed")).mode).toBe(0o600);
    expect(await build.list(ref, "/only")).toEqual(["link"]);
    expect(await build.list(ref, "/without")).toEqual(["b"]);
    expect(await build.stat(ref, "/contents/b")).toMatchObject({ uid: 5, gid: 6 });
    return ref;
  });
});

test("a command has several outputs, and all of them are cached", async () => {
  const of = (output: number) =>
    shell(busybox, "echo root >/r; echo side >/out/x; cat /in/b/f >/out/y", {
      output,
      mounts: [
        { dest: "/out", output: 1 },
        { dest: "/in", from: folder, selector: "/a", readonly: true },
      ],
    });
  const name = "/bin/sh -c echo root >/r; echo side >/out/x; cat /in/b/f >/out/y";
  const first = await read(of(1), ["/x", "/y"]);
  expect(first).toMatchObject({ texts: { "/x": "side\n", "/y": "hello\n" }, cached: { [name]: false } });
  const second = await read(of(0), ["/r"]);
  expect(second).toMatchObject({ texts: { "/r": "root\n" }, cached: { [name]: true } });
});

test("a command has what it is given", async () => {
  const state = shell(
    busybox,
    "(cat /run/s; echo $WORD; mount | grep -c ' /t '; ulimit -n; pwd; grep far /etc/hosts) >/r; exit 7",
    {
      meta: {
        cwd: "/tmp",
        validExitCodes: [7],
        ulimits: [{ name: "nofile", soft: 99, hard: 100 }],
        extraHosts: [{ host: "far", ip: "10.1.2.3" }],
      },
      secretEnv: [{ id: "s", name: "WORD" }],
      mounts: [
        { dest: "/run/s", mountType: MountType.secret, secret: { id: "s", mode: 0o400 } },
        { dest: "/t", mountType: MountType.tmpfs },
      ],
    },
  );
  const { texts } = await read(state, ["/r"], { secrets: { s: "hush" } });
  expect(texts["/r"]).toBe("hushhush\n1\n99\n/tmp\n10.1.2.3\tfar\n");
});

test("a folder of the client is a source, with patterns", async () => {
  const local = source("local://mine", { "local.includepattern": '["a.txt"]' });
  const offered = { files: { "a.txt": "from the client", "b.txt": "left out" } };
  const { texts } = await read(
    shell(busybox, "ls /src >/r; cat /src/a.txt >>/r", { mounts: [{ dest: "/src", from: local }] }),
    ["/r"],
    offered,
  );
  expect(texts["/r"]).toBe("a.txt\nfrom the client");
});

test("what the client streams is a source", async () => {
  const upload = source("http://buildkit-session/one", { "http.filename": "f", "http.perm": "0644" });
  const { texts } = await read(upload, ["/f"], { uploads: { "/one": "streamed" } });
  expect(texts["/f"]).toBe("streamed");
});

test("merged are layers in their order; a difference is what was added, without what was removed", async () => {
  const [a, b] = [
    files(undefined, [made("/a", "a"), made("/same", "of a")]),
    files(undefined, [made("/same", "of b")]),
  ];
  expect((await read(merged(a, b), ["/a", "/same"])).texts).toEqual({ "/a": "a", "/same": "of b" });
  expect((await read(merged(b, a), ["/same"])).texts).toEqual({ "/same": "of a" });
  const changed = shell(busybox, "echo new >/new; rm /etc/passwd");
  await buildByWire(daemon.socket, {}, async (build) => {
    const alone = await build.solve(definition(difference(busybox, changed)));
    expect(await build.list(alone, "/")).toEqual(["etc", "new"]);
    expect(await build.list(alone, "/etc")).toEqual([]);
    const whole = await build.solve(definition(merged(busybox, difference(busybox, changed))));
    expect(await build.list(whole, "/etc")).not.toContain("passwd");
    return alone;
  });
});

test("a definition becomes an image that runs", async () => {
  await using connected = await wireClient(daemon.socket);
  const { client, ref, session } = connected;
  const { exporterResponse } = await client.unary(controlPaths.solve, SolveRequest, SolveResponse, {
    ref,
    session,
    definition: definition(shell(busybox, "echo built >/made")),
    exporters: [{ type: "moby", attrs: new Map([["name", "by-definition"]]) }],
  });
  expect(exporterResponse.get("image.name")).toMatch(/by-definition/);
  expect(await daemon.ok("run", "--rm", "by-definition", "cat", "/made")).toBe("built");
});

test("a command that fails is told with its exit code, at its vertex", async () => {
  const failing = shell(busybox, "echo no >&2; exit 3");
  await using connected = await wireClient(daemon.socket);
  const { client, ref, session } = connected;
  const solving = client
    .unary(controlPaths.solve, SolveRequest, SolveResponse, { ref, session, definition: definition(failing) })
    .catch((error: unknown) => error);
  const vertices = await follow(client, ref);
  const error = await solving;
  const text = 'process "/bin/sh -c echo no >&2; exit 3" did not complete successfully: exit code: 3';
  expect(error).toMatchObject({ code: Code.unknown, message: text });
  expect(vertices.get("/bin/sh -c echo no >&2; exit 3")?.error).toBe(text);
  const details = error instanceof GrpcError ? error.details : [];
  const told = details.map(({ typeUrl, value }) => [typeUrl, Buffer.from(value).toString()]);
  expect(told).toEqual([
    ["github.com/moby/buildkit/errdefs.Solve+json", expect.stringContaining('"args":["/bin/sh","-c","echo no')],
    ["github.com/moby/buildkit/gatewayapi.ExitMessage+json", '{"Code":3}'],
    ["github.com/moby/buildkit/errdefs.Vertex+json", JSON.stringify({ digest: failing.digest })],
  ]);
});

test("an operation that is a build of a definition in an input", async () => {
  const inner = shell(busybox, "echo inner > /inner");
  const file = encode(Definition, definition(inner));
  const within = (path: string, data: Uint8Array, attrs: Record<string, string> = {}, builder = -1) =>
    operation(
      {
        build: {
          builder,
          inputs: new Map([["buildkit.llb.definition", { input: 0 }]]),
          attrs: new Map(Object.entries(attrs)),
        },
      },
      [files(undefined, [{ makeFile: { path, mode: 0o644, data, timestamp: -1n } }])],
    );
  const usual = within("/buildkit.llb.definition", file);
  expect((await read(shell(usual, "cat /inner > /outer"), ["/outer"])).texts["/outer"]).toBe("inner\n");
  const named = { "llb.definition.filename": "d" };
  // A build within a build.
  const deeper = within("/d", encode(Definition, definition(usual)), named);
  expect((await read(deeper, ["/inner"])).texts["/inner"]).toBe("inner\n");
  const failing = within("/d", encode(Definition, definition(shell(busybox, "exit 4"))), named);
  expect((await refusal(failing)).message).toEndWith("did not complete successfully: exit code: 4");
  const missing = "failed to open /e: open /e: no such file or directory";
  expect((await refusal(within("/d", file, { "llb.definition.filename": "e" }))).message).toBe(missing);
  expect((await refusal(within("/d", file, named, 0))).message).toBe("only LLB builder is currently allowed");
  const host = within("/d", encode(Definition, definition(shell(busybox, "true", { network: NetMode.host }))), named);
  expect((await refusal(host)).message).toContain("network.host is not allowed");
});

test("what cannot be meant, is not known or not allowed is refused by name", async () => {
  const nowhere: State = { ...busybox, digest: `sha256:${"0".repeat(64)}` };
  const bad = { code: Code.invalidArgument };
  expect(await refusal(nowhere)).toMatchObject({
    ...bad,
    message: expect.stringContaining("missing operation sha256:0000"),
  });
  expect(await refusal({ ...busybox, index: 3 })).toMatchObject({
    ...bad,
    message: expect.stringContaining("has no output 3"),
  });
  expect(await refusal(operation({ platform: { os: "linux" } }))).toMatchObject({
    ...bad,
    message: expect.stringContaining("kind that is not known"),
  });
  expect(await refusal(source("ftp://x"))).toMatchObject({ ...bad, message: 'unknown source "ftp://x"' });
  expect(await refusal(source("local://x", { "local.colour": "red" }))).toMatchObject({
    ...bad,
    message: 'unknown attribute "local.colour" of the source local://x',
  });
  expect(await refusal(source("git://file:///etc", { "git.fullurl": "file:///etc" }))).toMatchObject({
    ...bad,
    message: 'invalid git address "file:///etc"',
  });
  expect(await refusal(operation({ build: { builder: -1 } }))).toMatchObject({
    ...bad,
    message: expect.stringContaining("build"),
  });
  expect(await refusal(shell(busybox, "true", { network: NetMode.host }))).toMatchObject({
    message: "failed to load LLB: network.host is not allowed",
  });
  expect(await refusal(shell(busybox, "true", { security: SecurityMode.insecure }))).toMatchObject({
    message: "failed to load LLB: security.insecure is not allowed",
  });
  expect(
    await refusal(
      shell(busybox, "true", { mounts: [{ dest: "/s", mountType: MountType.secret, secret: { id: "none" } }] }),
    ),
  ).toMatchObject({
    message: "secret none: not found",
  });
});

test("files stay within their root, whatever links are there", async () => {
  const trap = files(undefined, [
    { symlink: { oldPath: "/etc", newPath: "/way", timestamp: -1n } },
    made("/way/../../hostname", "mine"),
  ]);
  expect(await refusal(files(trap, [made("/way/x", "y")]))).toMatchObject({
    message: expect.stringContaining("no such file or directory"),
  });
  expect((await read(trap, ["/hostname"])).texts).toEqual({ "/hostname": "mine" });
});

test("a client that goes ends its build within moments", async () => {
  const name = `/bin/sh -c sleep ${10_000 + process.pid}`;
  const begun = await wireClient(daemon.socket);
  const { client, ref, session } = begun;
  client
    .unary(controlPaths.solve, SolveRequest, SolveResponse, {
      ref,
      session,
      definition: definition(shell(busybox, name.slice(11))),
    })
    .catch(() => {});
  const running = async () =>
    (await Bun.$`pgrep -f ${`^sleep ${10_000 + process.pid}`}`.quiet().nothrow()).exitCode === 0;
  await until("the command runs", running);
  await begun[Symbol.asyncDispose]();
  await until("the command has ended", async () => !(await running()), 5_000);
});
