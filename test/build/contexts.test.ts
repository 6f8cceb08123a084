/** Where contexts and files of a build come from: archives, standard input, git, HTTP, layouts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Daemon, sh } from "../harness.ts";
import { BuildClient, docker } from "./client.ts";
import { writeContext } from "./context.ts";

let daemon: Daemon;
const client = new BuildClient();
const { scratch, env, context, build, fails, inside } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

/** An HTTP server of files by path. */
function serve(files: Record<string, string | Uint8Array | Bun.BunFile>): { url: string } & Disposable {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const file = files[new URL(request.url).pathname];
      return file === undefined ? new Response("", { status: 404 }) : new Response(file);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

async function gitRepository(files: Record<string, string>): Promise<string> {
  const work = writeContext(scratch, files);
  const git = async (...args: string[]) => {
    const done = await sh(["git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
    if (done.exitCode !== 0) throw new Error(done.stderr);
  };
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "one");
  await git("tag", "v1");
  writeFileSync(join(work, "later"), "later");
  await git("add", ".");
  await git("commit", "-q", "-m", "two");
  const bare = `${work}-bare.git`;
  await sh(["git", "clone", "-q", "--bare", work, bare]);
  await sh(["git", "-C", bare, "update-server-info"]);
  return bare;
}

test.each([
  ["gzip", "-z"],
  ["xz", "-J"],
  ["bzip2", "-j"],
  ["zstd", "--zstd"],
  ["plain", ""],
])("a context packed with %s", async (name, flag) => {
  const root = context("FROM busybox\nCOPY f /f", { f: name });
  const packed = await sh(["sh", "-c", `tar -C ${root} -c ${flag} -f ${root}.tar .`]);
  expect(packed.stderr).toBe("");
  const response = await fetch(`http://d/build?t=packed`, {
    unix: daemon.socket,
    method: "POST",
    body: Bun.file(`${root}.tar`),
  });
  expect(await response.text()).toContain("Successfully tagged packed:latest");
  expect(await inside("packed", "cat /f")).toBe(name);
});

test("a Dockerfile on standard input, without and with a context; a context on standard input", async () => {
  const input = "FROM busybox\nRUN echo one > /one\n";
  expect((await sh([docker, "build", "-q", "-t", "stdin", "-"], { env: env(), input })).stderr).not.toContain("rror");
  expect(await inside("stdin", "cat /one")).toBe("one");
  const root = context("FROM nothing-here", { f: "from the context" });
  const built = await sh([docker, "build", "-t", "stdin", "-f", "-", root], {
    env: env(),
    input: "FROM busybox\nCOPY . /all/\n",
  });
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("stdin", "cat /all/f; ls -A /all")).toBe("from the contextDockerfile\nf");
  const tar = Bun.spawn(["tar", "-C", root, "-c", "."], { stdout: "pipe" });
  const sent = await sh([docker, "build", "-t", "stdin", "-f", "sub/other", "-"], {
    env: env(),
    input: await tar.stdout.bytes(),
  });
  expect(sent.stderr).toContain("Cannot locate specified Dockerfile: sub/other");
});

test("contexts from git with ref and folder, and over HTTP", async () => {
  const bare = await gitRepository({
    Dockerfile: "FROM busybox\nCOPY . /src/",
    "sub/Dockerfile": "FROM busybox\nCOPY . /sub/",
    "sub/f": "below",
  });
  const files: Record<string, Bun.BunFile> = {};
  for (const path of (await sh(["find", bare, "-type", "f", "-printf", "%P\n"])).stdout.trim().split("\n"))
    files[`/repo.git/${path}`] = Bun.file(join(bare, path));
  const tarRoot = context("FROM busybox\nCOPY f /f", { f: "over http" });
  await sh(["tar", "-C", tarRoot, "-czf", `${tarRoot}.tgz`, "."]);
  files["/context.tar.gz"] = Bun.file(`${tarRoot}.tgz`);
  files["/Dockerfile"] = Bun.file(join(context("FROM busybox\nRUN echo alone > /f"), "Dockerfile"));
  using server = serve(files);
  const remote = async (url: string) => {
    const response = await daemon.api("POST", `/build?t=remote&remote=${encodeURIComponent(url)}`);
    expect(response.text).toContain("Successfully tagged");
  };
  await remote(`${server.url}/repo.git`);
  expect(await inside("remote", "ls -A /src")).toBe("Dockerfile\nlater\nsub");
  await remote(`${server.url}/repo.git#v1:sub`);
  expect(await inside("remote", "ls -A /sub; cat /sub/f")).toBe("Dockerfile\nf\nbelow");
  await remote(`${server.url}/context.tar.gz`);
  expect(await inside("remote", "cat /f")).toBe("over http");
  await remote(`${server.url}/Dockerfile`);
  expect(await inside("remote", "cat /f")).toBe("alone");
  // The same repository as a source of ADD.
  await build(
    "-t",
    "added",
    context(
      `FROM busybox\nADD ${server.url}/repo.git#main /repo\nADD --keep-git-dir=true ${server.url}/repo.git#v1 /kept`,
    ),
  );
  expect(await inside("added", "ls -A /repo; ls -A /kept")).toBe("Dockerfile\nlater\nsub\n.git\nDockerfile\nsub");
});

test("ADD of a URL: its checksum holds, its mode is private, archives stay packed unless asked", async () => {
  const root = context("", { "in/file": "unpacked" });
  await sh(["tar", "-C", root, "-czf", `${root}.tgz`, "in"]);
  using server = serve({ "/data.txt": "hello", "/a.tgz": await Bun.file(`${root}.tgz`).bytes() });
  const sum = new Bun.CryptoHasher("sha256").update("hello").digest("hex");
  await build(
    "-t",
    "url",
    context(
      `FROM busybox\nADD --checksum=sha256:${sum} ${server.url}/data.txt /dst/\nADD ${server.url}/a.tgz ` +
        `/packed/\nADD --unpack=true ${server.url}/a.tgz /unpacked/`,
    ),
  );
  expect(
    await inside("url", "cat /dst/data.txt; stat -c ' %a %u' /dst/data.txt; ls /packed; cat /unpacked/in/file"),
  ).toBe("hello 600 0\na.tgz\nunpacked");
  expect(
    await fails(context(`FROM busybox\nADD --checksum=sha256:${"0".repeat(64)} ${server.url}/data.txt /dst/`)),
  ).toContain("digest mismatch");
  expect(await fails(context(`FROM busybox\nADD ${server.url}/nope /`))).toContain("404");
});

test("ADD of a URL tries again what breaks off, costs no memory and leaves no scratch file", async () => {
  const size = 400_000_000;
  const block = new Uint8Array(1_000_000).fill(7);
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === "/down") return void response.writeHead(503).end();
    if (++asked === 1) return void response.writeHead(502).end();
    const cut = asked === 2 ? 3_000_000 : size;
    response.writeHead(200, { "Content-Length": size });
    Readable.from(
      (function* () {
        for (let sent = 0; sent < cut; sent += block.length) yield block;
      })(),
    )
      .on("end", () => {
        if (cut < size) response.destroy();
      })
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const memory = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${daemon.pid}/status`).text())?.[1]) / 1024;
  const before = await memory();
  let most = before;
  const timer = setInterval(async () => {
    most = Math.max(most, await memory());
  }, 10);
  try {
    await build("-t", "big", context(`FROM busybox\nADD ${url}/big /big`));
  } finally {
    clearInterval(timer);
  }
  expect(asked).toBe(3);
  expect(await inside("big", "stat -c %s /big")).toBe(String(size));
  expect(most - before).toBeLessThan(200);
  expect(await fails(context(`FROM busybox\nADD ${url}/down /`))).toContain("503");
  expect(readdirSync(join(daemon.dataRoot, "tmp")).filter((name) => name.startsWith("url-"))).toEqual([]);
  server.close();
});

test("named contexts from a URL and from an OCI layout", async () => {
  const packed = context("", { note: "packed" });
  await sh(["tar", "-C", packed, "-czf", `${packed}.tgz`, "note"]);
  using server = serve({ "/a.tgz": Bun.file(`${packed}.tgz`), "/plain": "alone" });
  await build("-t", "laid:1", context("FROM busybox\nRUN echo laid > /laid"));
  const layout = join(scratch, "layout");
  expect(
    (await sh(["sh", "-c", `mkdir ${layout} && ${docker} save laid:1 | tar -C ${layout} -xf -`], { env: env() }))
      .stderr,
  ).toBe("");
  const before = await daemon.ok("images", "-aq");
  const built = await daemon.berth(
    "build",
    "-q",
    "-t",
    "from-contexts",
    "--build-context",
    `tgz=${server.url}/a.tgz`,
    "--build-context",
    `plain=${server.url}/plain`,
    "--build-context",
    `base=oci-layout://${layout}:1`,
    context("FROM base\nCOPY --from=tgz note /note\nCOPY --from=plain plain /plain\nCOPY --from=base /laid /again"),
  );
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("from-contexts", "cat /laid /again /note /plain")).toBe("laid\nlaid\npackedalone");
  expect((await daemon.ok("images", "-aq")).split("\n")).toHaveLength(before.split("\n").length + 1);
  expect(
    (await daemon.berth("build", "--build-context", `base=oci-layout://${layout}:2`, context("FROM base"))).stderr,
  ).toContain("no image 2 in the OCI layout");
});

test("builds that take an image out of a layout at once leave all other images alone", async () => {
  await build("-t", "apart:1", context("FROM busybox\nRUN echo apart > /apart"));
  const layout = join(scratch, "apart");
  const archive = `${layout}.tar`;
  await daemon.ok("save", "-o", archive, "apart:1");
  expect((await sh(["sh", "-c", `mkdir ${layout} && tar -C ${layout} -xf ${archive}`])).stderr).toBe("");
  await daemon.ok("rmi", "apart:1");
  for (const round of [1, 2, 3]) {
    const taking = async (name: string) => {
      const root = context(`FROM base\nRUN cat /apart && echo ${name}${round} > /own`);
      const from = `base=oci-layout://${layout}:1`;
      const built = await daemon.berth("build", "-t", `${name}:${round}`, "--build-context", from, root);
      expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
    };
    const plain = (name: string) => build("-t", `${name}:${round}`, context(`FROM busybox\nLABEL ${name}=${round}`));
    await Promise.all([taking("one"), plain("two"), taking("three"), plain("four"), daemon.ok("load", "-i", archive)]);
    const names = (await daemon.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).split("\n");
    const made = ["one", "two", "three", "four"].map((name) => `${name}:${round}`);
    expect(names).toEqual(expect.arrayContaining([...made, "apart:1"]));
    expect(await inside(`three:${round}`, "cat /apart /own")).toBe(`apart\nthree${round}`);
    await daemon.ok("rmi", "apart:1");
  }
});

test("named contexts come whole, whatever the ignore file says, and stay out of the main one", async () => {
  const extra = writeContext(scratch, { note: "from elsewhere" });
  const built = await daemon.berth(
    "build",
    "-q",
    "-t",
    "named",
    "--build-context",
    `extra=${extra}`,
    context("FROM busybox\nCOPY --from=extra note /note\nCOPY . /all/", {
      ".dockerignore": "*\n!kept",
      kept: "",
      dropped: "",
    }),
  );
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("named", "cat /note; echo; ls -A /all")).toBe("from elsewhere\nkept");
});
