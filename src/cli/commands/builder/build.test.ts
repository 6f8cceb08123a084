import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tarEntry } from "../../../lib/tar/entry.ts";
import { TarReader } from "../../../lib/tar/reader.ts";
import { encodeHeader, endOfArchive, padding } from "../../../lib/tar/writer.ts";
import { runCli } from "../../testing.ts";

let dir: string;
/** What the engine was sent: files by name, and the query. */
let sent: { files: Record<string, string>; query: URLSearchParams } | null;
let server: Bun.Server<undefined>;

beforeEach(() => {
  dir = mkdtempSync("/tmp/berth-build-");
  mkdirSync(`${dir}/context/node_modules`, { recursive: true });
  const files = {
    Dockerfile: "FROM scratch\n",
    ".dockerignore": "node_modules\n*.log\n!keep.log\nDockerfile\n",
    "a.txt": "a",
    "x.log": "x",
    "keep.log": "k",
    "node_modules/big": "big",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(`${dir}/context/${name}`, content);
  sent = null;
  server = Bun.serve({
    unix: `${dir}/s`,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === "/_ping") return new Response("OK", { headers: { "Api-Version": "1.50" } });
      sent = { files: unpack(await request.bytes()), query: url.searchParams };
      const answer = [
        { stream: "Step 1/1 : FROM scratch\n" },
        { aux: { ID: "sha256:abc" } },
        { stream: "Successfully built abc\n" },
      ];
      return new Response(answer.map((message) => `${JSON.stringify(message)}\r\n`).join(""), {
        headers: { "Content-Type": "application/json" },
      });
    },
  });
});
afterEach(async () => {
  await server.stop(true);
  rmSync(dir, { recursive: true });
});

function unpack(bytes: Uint8Array): Record<string, string> {
  const files: Record<string, string> = {};
  let content = "";
  const reader = new TarReader({
    entry: () => void (content = ""),
    data: (chunk) => void (content += Buffer.from(chunk).toString()),
    end: ({ name }) => void (files[name] = content),
  });
  reader.write(bytes);
  return files;
}

const build = (argv: string[], stdin?: string | Uint8Array) =>
  runCli(["build", ...argv], { env: { DOCKER_HOST: `unix://${dir}/s` }, ...(stdin !== undefined && { stdin }) });

test("a directory goes without what .dockerignore names, but always with both files", async () => {
  const { code, stdout } = await build(["-t", "a", "--iidfile", `${dir}/id`, `${dir}/context`]);
  expect([code, stdout]).toEqual([0, "Step 1/1 : FROM scratch\nSuccessfully built abc\n"]);
  expect(Object.keys(sent?.files ?? {}).sort()).toEqual([".dockerignore", "Dockerfile", "a.txt", "keep.log"]);
  expect(sent?.query.get("dockerfile")).toBe("Dockerfile");
  expect(await Bun.file(`${dir}/id`).text()).toBe("sha256:abc");
});

test("a Dockerfile from elsewhere comes under a name of its own, which the build does not see", async () => {
  writeFileSync(`${dir}/Other`, "FROM x\n");
  for (const [file, stdin] of [
    ["-", "FROM x\n"],
    [`${dir}/Other`, ""],
  ] as const) {
    expect((await build(["-f", file, `${dir}/context`], stdin)).code).toBe(0);
    const name = sent?.query.get("dockerfile") ?? "";
    expect(name).toMatch(/^\.dockerfile\.[0-9a-f]{20}$/);
    expect(sent?.files[name]).toBe("FROM x\n");
    expect(sent?.files[".dockerignore"]).toEndWith(`\n${name}\n`);
  }
});

test("<Dockerfile>.dockerignore goes before .dockerignore", async () => {
  writeFileSync(`${dir}/context/Dockerfile.dockerignore`, "*.txt\n");
  await build([`${dir}/context`]);
  expect(Object.keys(sent?.files ?? {})).toContain("x.log");
  expect(Object.keys(sent?.files ?? {})).not.toContain("a.txt");
});

test("standard input is an archive or a Dockerfile", async () => {
  await build(["-"], "FROM y\n");
  expect(sent?.files).toEqual({ Dockerfile: "FROM y\n" });
  const content = Buffer.from("hello");
  await build(
    ["-"],
    Buffer.concat([encodeHeader(tarEntry({ name: "f", size: 5 })), content, padding(5), endOfArchive()]),
  );
  expect(sent?.files).toEqual({ f: "hello" });
});

test("a URL is left to the engine", async () => {
  await build(["https://example.com/repo.git#main"]);
  expect([sent?.files, sent?.query.get("remote")]).toEqual([{}, "https://example.com/repo.git#main"]);
});

test("what cannot be a context", async () => {
  expect((await build(["-f", "-", "-"])).stderr).toBe(
    "invalid argument: can't use stdin for both build context and dockerfile\n",
  );
  expect((await build([`${dir}/nope`])).stderr).toBe(`unable to prepare context: path "${dir}/nope" not found\n`);
  expect((await build(["-f", `${dir}/nope`, `${dir}/context`])).stderr).toBe(
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${dir}/nope: no such ` +
      "file or directory\n",
  );
  expect(sent).toBeNull();
});

test("times of the environment, platforms, caches and names of outputs reach the engine", async () => {
  const { code } = await runCli(
    [
      "build",
      "--platform",
      "linux/amd64,linux/arm64",
      "--platform",
      "linux/arm",
      "-o",
      "type=image,name=r/a:1",
      "-t",
      "b",
      "--cache-from",
      "r/x,r/y",
      "--cache-from",
      "type=registry,ref=r/z",
      "--cache-to",
      "type=inline",
      "--sbom=true",
      "--provenance=mode=max",
      "--provenance",
      "false",
      `${dir}/context`,
    ],
    { env: { DOCKER_HOST: `unix://${dir}/s`, SOURCE_DATE_EPOCH: "5" } },
  );
  expect(code).toBe(0);
  const query = sent?.query;
  expect(JSON.parse(query?.get("buildargs") ?? "")).toEqual({ SOURCE_DATE_EPOCH: "5" });
  expect(query?.get("platform")).toBe("linux/amd64,linux/arm64,linux/arm");
  expect(query?.getAll("t")).toEqual(["b"]);
  expect(JSON.parse(query?.get("cachefrom") ?? "")).toEqual(["r/x", "r/y", "type=registry,ref=r/z"]);
  expect(query?.getAll("cacheto")).toEqual(["type=inline"]);
  expect(query?.getAll("attest")).toEqual(["type=sbom", "type=provenance,disabled=true"]);
  await build(["--rewrite-timestamp", `${dir}/context`]);
  expect(JSON.parse(sent?.query.get("buildargs") ?? "")).toEqual({ SOURCE_DATE_EPOCH: "0" });
});

test("a cache in a folder does without where the engine fetches the context", async () => {
  mkdirSync(`${dir}/cache`);
  writeFileSync(`${dir}/cache/index.json`, "{}");
  const { code, stderr } = await build(["--cache-from", `type=local,src=${dir}/cache`, "https://example.org/app.git"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("passed over")]);
  expect(sent?.query.get("cachefrom")).toBe(null);
  expect((await build(["--cache-from", `type=local,src=${dir}/cache`, `${dir}/context`])).code).toBe(0);
  expect(Object.keys(sent?.files ?? {})).toContain(".berth-contexts/.berth-cache-0/index.json");
});

test("names of outputs count where no tag is given", async () => {
  await build(["-t", "a", "--output", "type=docker,name=b", `${dir}/context`]);
  expect(sent?.query.getAll("t")).toEqual(["a"]);
  await build(["--output", "type=image,name=b", `${dir}/context`]);
  expect(sent?.query.getAll("t")).toEqual(["b"]);
});
