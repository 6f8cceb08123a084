/** Our own command line sends an index of the context first, and of the content what the engine asks for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ContextIndex, contextIndexType, type IndexEntry } from "../../src/api/build-context.ts";
import { berthBinary, Daemon, dockerClients, engine, sh, until } from "../harness.ts";
import { writeContext } from "./context.ts";
import { corpus } from "./corpus.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-index-");
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const berth = (args: string[], input?: string) =>
  sh([berthBinary, "build", ...args], { env: { DOCKER_HOST: daemon.host }, ...(input !== undefined && { input }) });

/** Builds and says how many bytes of content went over. */
async function sentBy(args: string[], input?: string): Promise<string> {
  const { exitCode, stderr } = await berth(["--progress", "plain", ...args], input);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return /files, (\S+) went to the engine/.exec(stderr)?.[1] ?? stderr;
}

const dockerfile = "FROM busybox\nCOPY src /src\nRUN cat /src/* > /all\nCMD cat /all\n";
const big = { "unused.bin": "u".repeat(3_000_000) };

test("only what a step takes is sent, and only once", async () => {
  const root = writeContext(scratch, {
    Dockerfile: dockerfile,
    "src/a": "aaa\n",
    "src/b": "bbbb\n",
    "src/empty": "",
    "src/again": "aaa\n",
    ...big,
  });
  expect(await sentBy(["-t", "indexed", root])).toBe("9B");
  expect(await daemon.ok("run", "--rm", "indexed")).toBe("aaa\naaa\nbbbb");
  expect(await sentBy(["-t", "indexed", root])).toBe("0B");
  expect(await sentBy(["--no-cache", root])).toBe("0B");
  appendFileSync(join(root, "src/a"), "more\n");
  expect(await sentBy(["-t", "indexed", root])).toBe("9B");
  expect(await daemon.ok("run", "--rm", "indexed")).toBe("aaa\nmore\naaa\nbbbb");
  // What was sent is known to the next daemon too; an older content comes back without being sent.
  await daemon.kill();
  await daemon.up();
  writeFileSync(join(root, "src/a"), "aaa\n");
  expect(await sentBy(["--no-cache", "-t", "indexed", root])).toBe("0B");
  expect(await daemon.ok("run", "--rm", "indexed")).toBe("aaa\naaa\nbbbb");
});

test("in every way of showing and with every kind of Dockerfile", async () => {
  const root = writeContext(scratch, {
    Dockerfile: dockerfile,
    "other/Other": "FROM busybox\nCOPY --from=more /m /m\nCOPY src/a /\n",
    "src/a": "one",
    ".dockerignore": "Dockerfile\nother\nunused*\n.dockerignore\n",
    ...big,
  });
  const more = writeContext(scratch, { m: "from the other" });
  const classic = await berth(["-t", "shown", root]);
  expect(classic).toMatchObject({ exitCode: 0, stderr: "" });
  expect(classic.stdout).toContain("Successfully built");
  const quiet = await berth(["-q", "--no-cache", root]);
  expect(quiet.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  const raw = await berth(["--progress", "rawjson", "--no-cache", root]);
  expect(raw).toMatchObject({ exitCode: 0 });
  expect(
    await sentBy(
      ["-f", "-", root],
      "FROM busybox\nCOPY . /c\nRUN test -e /c/src/a && test ! -e /c/Dockerfile && test ! -e /c/other\n",
    ),
  ).toBe("0B");
  expect(
    await sentBy(["-f", join(root, "other/Other"), "--build-context", `more=${more}`, "-t", "named", root]),
  ).toMatch(/^1[47]B$/);
  expect(await daemon.ok("run", "--rm", "named", "cat", "/m", "/a")).toBe("from the otherone");
});

const cases = corpus.filter(
  (each) => !each.files || Object.values(each.files).every((content) => !content.startsWith("TAR:")),
);
describe.if(engine === "berth").each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
  test("is the same image whether an archive came or an index", async () => {
    const root = writeContext(scratch, { Dockerfile: each.dockerfile, ...each.files });
    const args = [
      ...Object.entries(each.args ?? {}).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      ...(each.target ? ["--target", each.target] : []),
    ];
    await daemon.ok("tag", "busybox", "localhost/base");
    const archive = await sh([dockerClients[0] ?? "docker", "build", "-q", ...args, root], {
      env: { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" },
    });
    const indexed = await berth(["-q", ...args, root]);
    expect({ exitCode: indexed.exitCode, id: indexed.stdout, stderr: indexed.stderr }).toMatchObject({
      exitCode: archive.exitCode,
      id: archive.stdout,
    });
  });
});

const source = "ab".repeat(32);
const digest = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");
const file = (path: string, content: string): IndexEntry => ({
  path,
  type: "file",
  mode: 0o644,
  mtime: 0,
  size: content.length,
  digest: digest(content),
});
const post = (index: unknown, query = "", signal?: AbortSignal, to = daemon) =>
  fetch(`http://d/build?${query}`, {
    unix: to.socket,
    method: "POST",
    headers: { "content-type": contextIndexType },
    body: typeof index === "string" ? index : JSON.stringify(index),
    ...(signal && { signal }),
  });

/** A build that has come so far as to ask for content. */
async function asking(
  index: ContextIndex,
  query: string,
  to = daemon,
): Promise<{ rest(): Promise<string>; leave(): void }> {
  const abort = new AbortController();
  const response = await post(index, query, abort.signal, to);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async () => {
    const { value, done } = (await reader?.read()) ?? { value: "", done: true };
    text += value ?? "";
    return done;
  };
  while (!text.includes('"need"')) if (await read()) throw new Error(`the build ended: ${text}`);
  return {
    async rest() {
      while (!(await read()));
      return text;
    },
    leave: () => abort.abort(),
  };
}

const send = async (build: string, content: string) =>
  fetch(`http://d/build/content?buildid=${build}`, {
    unix: daemon.socket,
    method: "POST",
    body: await tarOf({ 0: content }),
  });
const tarOf = async (files: Record<string, string>) => {
  const root = writeContext(scratch, files);
  return (await Bun.$`tar -C ${root} -cf - ${Object.keys(files)}`.quiet()).stdout;
};

test("an index that is none, or leads out of the context, is refused", async () => {
  const good: ContextIndex = { source, dockerfile: "FROM busybox\n", entries: [] };
  const refused: [unknown, RegExp][] = [
    ["{", /no JSON/],
    [{}, /should have source/],
    [{ ...good, source: "../../etc" }, /64 hex digits/],
    [{ ...good, entries: [{}] }, /wrong entry/],
    [{ ...good, entries: [{ ...file("a", "a"), digest: "x" }] }, /wrong entry/],
    [{ ...good, entries: [{ ...file("a", "a"), size: -1 }] }, /wrong entry/],
    [{ ...good, entries: [file("../a", "a")] }, /outside of it/],
    [{ ...good, entries: [file("a/../../b", "a")] }, /outside of it/],
    [{ ...good, entries: [{ path: "l", type: "link", mode: 0o644, mtime: 0, link: "nowhere" }] }, /hard link/],
  ];
  for (const [index, message] of refused) {
    const response = await post(index);
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 400,
      text: expect.stringMatching(message),
    });
  }
  expect((await daemon.api("POST", "/build/content?buildid=nosuch")).status).toBe(404);
  expect(readdirSync(join(daemon.dataRoot, "build/contexts"))).not.toContain("../../etc");
});

test("content that is not what the index says ends the build, and is not kept", async () => {
  for (const [sent, message] of [
    ["other", /f changed while it was sent/],
    ["longer than it should be", /changed while it was sent/],
  ] as const) {
    const build = await asking(
      { source, dockerfile: "FROM busybox\nCOPY f /\n", entries: [file("f", "right")] },
      "buildid=wrong",
    );
    expect((await send("wrong", sent)).status).toBe(400);
    expect(await build.rest()).toMatch(message);
  }
  const build = await asking(
    { source, dockerfile: "FROM busybox\nCOPY f /\n", entries: [file("f", "right")] },
    "buildid=right&t=right",
  );
  expect((await send("right", "right")).status).toBe(200);
  expect(await build.rest()).toContain("Successfully built");
  expect(await daemon.ok("run", "--rm", "right", "cat", "/f")).toBe("right");
});

test("a client that asks for a build and leaves before it has sent the content leaves nothing behind", async () => {
  const build = await asking(
    { source: "cd".repeat(32), dockerfile: "FROM busybox\nCOPY f /\n", entries: [file("f", "never sent")] },
    "progress=events&buildid=leaver",
  );
  build.leave();
  await until(
    "the build to end",
    async () => (await daemon.api("POST", "/build/content?buildid=leaver")).status === 404,
  );
  await daemon.ok("builder", "prune", "-af");
  await until("the content to go", () => !existsSync(join(daemon.dataRoot, "build/contexts", "cd".repeat(32))));
});

test(
  "a daemon that is told to end does not wait for content " + "that never comes, and leaves nothing of the build",
  async () => {
    await using other = await Daemon.start();
    const index = { source, dockerfile: "FROM busybox\nCOPY f /\nRUN sleep 100\n", entries: [file("f", "never sent")] };
    const build = await asking(index, "buildid=waits", other);
    const left = build.rest().catch((error: unknown) => String(error));
    await other.signal("SIGTERM");
    expect(await left).toMatch(/context canceled|closed|reset/i);
    expect((await other.leftovers()).filter((what) => what.includes("/builds/"))).toEqual([]);
  },
);

test("what is kept is part of the cache: shown, and pruned", async () => {
  const root = writeContext(scratch, { Dockerfile: dockerfile, "src/a": "x".repeat(100_000) });
  await sentBy([root]);
  const records: { Type: string; Size: number }[] = (await daemon.api("GET", "/system/df?type=build-cache")).json
    .BuildCache;
  expect(records.some(({ Type, Size }) => Type === "source.local" && Size >= 100_000)).toBe(true);
  await daemon.ok("builder", "prune", "-af");
  expect(readdirSync(join(daemon.dataRoot, "build/contexts"))).toEqual([]);
  expect(await sentBy([root])).toBe("100kB");
});
