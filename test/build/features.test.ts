/** Builds as a whole: where contexts come from, reproducibility, caches between engines, limits, side by side. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Daemon, dockerClients, freePort, sh, until } from "../harness.ts";
import { writeContext } from "./context.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-build-");
const docker = dockerClients[0] ?? "docker";
const env = () => ({ DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" });

beforeAll(async () => { daemon = await Daemon.start(); });
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const context = (dockerfile: string, files: Record<string, string> = {}) => writeContext(scratch, { Dockerfile: dockerfile, ...files });

async function build(...args: string[]): Promise<string> {
  const built = await sh([docker, "build", ...args], { env: env() });
  expect(built.exitCode === 0 ? "" : built.stdout + built.stderr).toBe("");
  return built.stdout;
}
const fails = async (...args: string[]) => {
  const built = await sh([docker, "build", ...args], { env: env() });
  expect(built.exitCode).not.toBe(0);
  return built.stdout + built.stderr;
};
const inside = (image: string, script: string) => daemon.ok("run", "--rm", "--user", "0", "--entrypoint", "/bin/sh", image, "-c", script);
const layersOf = async (image: string): Promise<string[]> => JSON.parse(await daemon.ok("image", "inspect", image))[0].RootFS.Layers;

/** An HTTP server of files by path. */
function serve(files: Record<string, string | Uint8Array | Bun.BunFile>): { url: string } & Disposable {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => { const file = files[new URL(request.url).pathname]; return file === undefined ? new Response("", { status: 404 }) : new Response(file); } });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

async function gitRepository(files: Record<string, string>): Promise<string> {
  const work = writeContext(scratch, files);
  const git = async (...args: string[]) => { const done = await sh(["git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t", ...args]); if (done.exitCode !== 0) throw new Error(done.stderr); };
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

test.each([["gzip", "-z"], ["xz", "-J"], ["bzip2", "-j"], ["zstd", "--zstd"], ["plain", ""]])("a context packed with %s", async (name, flag) => {
  const root = context("FROM busybox\nCOPY f /f", { f: name });
  const packed = await sh(["sh", "-c", `tar -C ${root} -c ${flag} -f ${root}.tar .`]);
  expect(packed.stderr).toBe("");
  const response = await fetch(`http://d/build?t=packed`, { unix: daemon.socket, method: "POST", body: Bun.file(`${root}.tar`) });
  expect(await response.text()).toContain("Successfully tagged packed:latest");
  expect(await inside("packed", "cat /f")).toBe(name);
});

test("a Dockerfile on standard input, without and with a context; a context on standard input", async () => {
  const input = "FROM busybox\nRUN echo one > /one\n";
  expect((await sh([docker, "build", "-q", "-t", "stdin", "-"], { env: env(), input })).stderr).not.toContain("rror");
  expect(await inside("stdin", "cat /one")).toBe("one");
  const root = context("FROM nothing-here", { f: "from the context" });
  const built = await sh([docker, "build", "-t", "stdin", "-f", "-", root], { env: env(), input: "FROM busybox\nCOPY . /all/\n" });
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("stdin", "cat /all/f; ls -A /all")).toBe("from the contextDockerfile\nf");
  const tar = Bun.spawn(["tar", "-C", root, "-c", "."], { stdout: "pipe" });
  const sent = await sh([docker, "build", "-t", "stdin", "-f", "sub/other", "-"], { env: env(), input: await tar.stdout.bytes() });
  expect(sent.stderr).toContain("Cannot locate specified Dockerfile: sub/other");
});

test("contexts from git with ref and folder, and over HTTP", async () => {
  const bare = await gitRepository({ Dockerfile: "FROM busybox\nCOPY . /src/", "sub/Dockerfile": "FROM busybox\nCOPY . /sub/", "sub/f": "below" });
  const files: Record<string, Bun.BunFile> = {};
  for (const path of (await sh(["find", bare, "-type", "f", "-printf", "%P\n"])).stdout.trim().split("\n")) files[`/repo.git/${path}`] = Bun.file(join(bare, path));
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
  await build("-t", "added", context(`FROM busybox\nADD ${server.url}/repo.git#main /repo\nADD --keep-git-dir=true ${server.url}/repo.git#v1 /kept`));
  expect(await inside("added", "ls -A /repo; ls -A /kept")).toBe("Dockerfile\nlater\nsub\n.git\nDockerfile\nsub");
});

test("ADD of a URL: its checksum holds, its mode is private, archives stay packed unless asked", async () => {
  const root = context("", { "in/file": "unpacked" });
  await sh(["tar", "-C", root, "-czf", `${root}.tgz`, "in"]);
  using server = serve({ "/data.txt": "hello", "/a.tgz": await Bun.file(`${root}.tgz`).bytes() });
  const sum = new Bun.CryptoHasher("sha256").update("hello").digest("hex");
  await build("-t", "url", context(`FROM busybox\nADD --checksum=sha256:${sum} ${server.url}/data.txt /dst/\nADD ${server.url}/a.tgz /packed/\nADD --unpack=true ${server.url}/a.tgz /unpacked/`));
  expect(await inside("url", "cat /dst/data.txt; stat -c ' %a %u' /dst/data.txt; ls /packed; cat /unpacked/in/file")).toBe("hello 600 0\na.tgz\nunpacked");
  expect(await fails(context(`FROM busybox\nADD --checksum=sha256:${"0".repeat(64)} ${server.url}/data.txt /dst/`))).toContain("digest mismatch");
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
    Readable.from((function* () { for (let sent = 0; sent < cut; sent += block.length) yield block; })()).on("end", () => { if (cut < size) response.destroy(); }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const memory = async () => Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${daemon.pid}/status`).text())?.[1]) / 1024;
  const before = await memory();
  let most = before;
  const timer = setInterval(async () => { most = Math.max(most, await memory()); }, 10);
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

test("scopes of ARG and ENV", async () => {
  const dockerfile = [
    "ARG GLOBAL=global", "ARG BASE=busybox", "FROM $BASE AS one", "ARG GLOBAL", "ARG LOCAL=local", "ENV KEPT=env-$LOCAL", "RUN echo $GLOBAL-$LOCAL-$KEPT > /one",
    "FROM one", "RUN echo [$GLOBAL][$LOCAL][$KEPT] > /two", "ARG KEPT=arg", "RUN echo $KEPT > /three", "ARG GLOBAL=own", "RUN echo $GLOBAL > /four",
    "ARG A B=2 C=3", "RUN echo [$A][$B][$C] > /five", "RUN echo [$http_proxy][$TARGETPLATFORM] > /six", "ARG TARGETPLATFORM", "RUN echo $TARGETPLATFORM > /seven",
    "ENV X=1 Y=$X", "RUN echo [$Y] > /eight",
  ].join("\n");
  await build("-t", "scopes", "--build-arg", "A=given", "--build-arg", "http_proxy=http://proxy", context(dockerfile));
  expect(await inside("scopes", "cat /one /two /three /four /five /six /seven /eight")).toBe(
    "global-local-env-local\n[global][local][env-local]\nenv-local\nown\n[given][2][3]\n[http://proxy][]\nlinux/amd64\n[]");
  expect(await daemon.ok("history", "--no-trunc", "scopes")).not.toContain("http://proxy");
});

test("here-documents: several, quoted, with tabs, as programs, for other interpreters", async () => {
  const dockerfile = `FROM busybox
ARG NAME=world
COPY <<one <<"two" <<-three /docs/
hello $NAME \\$NAME
one
hello $NAME
two
\t\ttabs
\tthree
RUN <<EOF
set -e
x=shell
echo "$x" > /run-script
EOF
RUN <<'EOF' cat > /quoted
$literal
EOF
RUN sh -s arg <<EOF && echo done > /after
echo "\\$1" > /argument
EOF
RUN <<EOF
#!/bin/awk BEGIN{print"awk">"/awk"}
EOF
RUN cat <<A <<B > /both
a
A
b
B
`.replace("RUN <<EOF\n#!/bin/awk BEGIN{print\"awk\">\"/awk\"}\nEOF\n", "RUN <<EOF\n#!/bin/busybox sh\necho program > /program\nEOF\n");
  await build("-t", "docs", context(dockerfile));
  expect(await inside("docs", "cat /docs/one /docs/two /docs/three /run-script /quoted /after /argument /program /both; stat -c %a /docs/one")).toBe(
    "hello world $world\nhello $NAME\ntabs\nshell\n$literal\ndone\narg\nprogram\nb\n644".replace("$world", "$NAME"));
});

test("triggers of ONBUILD run in the images built upon theirs, and no further", async () => {
  await build("-t", "parent", context("FROM busybox\nONBUILD ARG WHO=nobody\nONBUILD COPY f /f\nONBUILD RUN echo $WHO > /who", { f: "" }));
  await build("-t", "child", "--build-arg", "WHO=me", context("FROM parent\nRUN cat /f /who > /both", { f: "file of the child\n" }));
  expect(await inside("child", "cat /both")).toBe("file of the child\nme");
  await build("-t", "grandchild", context("FROM child\nRUN test ! -e /other", { f: "not taken" }));
  expect(await inside("grandchild", "cat /f")).toBe("file of the child");
});

test("with SOURCE_DATE_EPOCH, builds of the same files are the same image", async () => {
  const dockerfile = "FROM busybox\nWORKDIR /a/b\nCOPY f d/ ./d/\nADD t.tar /un/\nRUN mkdir /made && echo x > /made/file && ln -s file /made/link && rm /etc/group\nCOPY <<EOF /doc\ntext\nEOF\nFROM busybox\nCOPY --from=0 /made /made\nCOPY --from=0 /a /a";
  const ids: string[] = [];
  for (const round of [1, 2]) {
    const root = context(dockerfile, { f: "content", "d/g": "more" });
    await sh(["tar", "-C", root, "--mtime", `@${1_600_000_000 + round * 1_000_000_0}`, "-cf", `${root}/t.tar`, "f"]);
    utimesSync(join(root, "t.tar"), 1, 1);
    utimesSync(join(root, "f"), 1_700_000_000 + round, 1_700_000_000 + round);
    for (const target of ["0", "1"]) ids.push((await build("-q", "--no-cache", "--target", target, "--build-arg", "SOURCE_DATE_EPOCH=1500000000", root)).trim());
  }
  expect(ids.slice(0, 2)).toEqual(ids.slice(2));
  const inspected = JSON.parse(await daemon.ok("image", "inspect", ids[1] ?? ""))[0];
  expect(inspected.Created).toBe("2017-07-14T02:40:00Z");
  expect(await inside(ids[1] ?? "", "stat -c %Y /made /made/file /made/link /a/b /a/b/d | sort -u")).toBe("1500000000");
});

test("the cache travels within images through a registry", async () => {
  const port = freePort();
  writeFileSync(join(scratch, "registry.yml"), `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(scratch, "registry")}}}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
  const registry = Bun.spawn(["docker-registry", "serve", join(scratch, "registry.yml")], { stdout: "ignore", stderr: "ignore" });
  try {
    await until("the registry", () => fetch(`http://127.0.0.1:${port}/v2/`).then((r) => r.ok, () => false));
    const name = `localhost:${port}/cached:1`;
    const root = context("FROM busybox\nCOPY f /f\nRUN head -c 16 /dev/urandom | od -x > /random\nENV A=1\nRUN echo last > /last", { f: "1" });
    await build("-t", name, "--build-arg", "BUILDKIT_INLINE_CACHE=1", root);
    const random = await inside(name, "cat /random");
    await daemon.ok("push", name);
    await using other = await Daemon.start();
    const built = await sh([docker, "build", "-t", "again", "--cache-from", name, root], { env: { DOCKER_HOST: other.host, DOCKER_BUILDKIT: "0" } });
    expect(built.stdout.match(/Using cache/g)?.length).toBe(3);
    expect(await other.ok("run", "--rm", "again", "cat", "/random")).toBe(random);
  } finally {
    registry.kill();
    await registry.exited;
  }
});

test("--squash leaves one layer upon the base's; what was deleted is not in it", async () => {
  const before = (await layersOf("busybox")).length;
  const built = await daemon.berth("build", "-t", "squashed", "--squash", context("FROM busybox\nRUN head -c 1000000 /dev/zero > /big\nRUN rm /big /etc/group\nRUN echo kept > /kept\nENV A=1"));
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect((await layersOf("squashed")).length).toBe(before + 1);
  expect(await inside("squashed", "cat /kept; test -e /big || echo gone; test -e /etc/group || echo gone; echo $A")).toBe("kept\ngone\ngone\n1");

  // Docker's client offers it to an experimental engine only.
  await daemon.restart(["--experimental"]);
  for (const client of dockerClients) {
    const built = await sh([client, "build", "-t", "squashed2", "--squash", context("FROM busybox\nRUN echo a > /a\nRUN echo b > /b")], { env: env() });
    expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
    expect((await layersOf("squashed2")).length).toBe(before + 1);
  }
});

test("limits of memory, processors, files and shared memory hold in steps", async () => {
  const root = context("FROM busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null > /limits; ulimit -n >> /limits; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2 >> /limits\nRUN cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null >> /limits || cut -d' ' -f1 /sys/fs/cgroup/cpu.max >> /limits");
  await build("-t", "limited", "--memory", "64m", "--ulimit", "nofile=500:500", "--shm-size", "8m", "--cpu-period", "100000", "--cpu-quota", "50000", root);
  expect(await inside("limited", "cat /limits")).toBe(`${64 * 2 ** 20}\n500\n8192\n50000`);
  const greedy = await fails("--memory", "16m", "--memory-swap", "16m", context("FROM busybox\nRUN head -c 200000000 /dev/zero | tail"));
  expect(greedy).toContain("did not complete successfully");
});

test("a step leaves nothing of its sandbox in the layer", async () => {
  await build("-t", "clean", context("FROM scratch\nCOPY --from=busybox /bin/busybox /bin/busybox\nRUN [\"/bin/busybox\", \"true\"]\nRUN --mount=type=cache,target=/var/deep/cache --mount=type=tmpfs,target=/scratch [\"/bin/busybox\", \"touch\", \"/var/deep/cache/x\"]"));
  await sh(["sh", "-c", `${docker} save clean | tar -x -C ${scratch} --one-top-level=saved`], { env: env() });
  const listed = await sh(["sh", "-c", `cd ${scratch}/saved && for f in $(find . -type f); do tar -tf $f 2>/dev/null; done | sort -u`]);
  expect(listed.stdout.split("\n").filter((line) => line !== "")).toEqual(["bin/", "bin/busybox"]);
});

test("stages run side by side, and the first that fails stops the others", async () => {
  const stage = (name: string) => `FROM busybox AS ${name}\nRUN cut -d" " -f1 /proc/uptime > /start; sleep 1.5; : ${name}; cut -d" " -f1 /proc/uptime > /end\n`;
  await build("-t", "parallel", "--no-cache", context(`${stage("a")}${stage("b")}FROM busybox\nCOPY --from=a /start /end /a/\nCOPY --from=b /start /end /b/`));
  const [startA = 0, endA = 0, startB = 0, endB = 0] = (await inside("parallel", "cat /a/start /a/end /b/start /b/end")).split("\n").map(Number);
  expect(startA < endB && startB < endA).toBe(true);
  const started = Date.now();
  const text = await fails(context("FROM busybox AS slow\nRUN sleep 100\nFROM busybox AS bad\nRUN sleep 0.5; echo reason; exit 9\nFROM busybox\nCOPY --from=slow / /\nCOPY --from=bad / /"));
  expect(Date.now() - started).toBeLessThan(15_000);
  expect(text).toContain("reason");
  expect(text).toContain("exit code: 9");
});

test("equal builds at the same time do their work once", async () => {
  const root = context("FROM busybox\nRUN sleep 1; head -c 16 /dev/urandom | od -x > /random");
  const ids = await Promise.all([build("-q", root), build("-q", root), build("-q", root)]);
  expect(new Set(ids).size).toBe(1);
});

test("a stage made anew with --no-cache-filter; steps that lock the same caches get along", async () => {
  const root = context("FROM busybox AS One\nRUN head -c 8 /dev/urandom | od -x > /r\nFROM busybox AS two\nRUN head -c 9 /dev/urandom | od -x > /r\nFROM busybox\nCOPY --from=one /r /one\nCOPY --from=two /r /two");
  const look = async (...args: string[]) => {
    const built = await daemon.berth("build", "-q", "-t", "filtered", ...args, root);
    expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
    return (await inside("filtered", "cat /one; echo; cat /two")).split("\n\n");
  };
  const [one, two] = await look();
  const [oneAgain, twoAgain] = await look("--no-cache-filter", "One");
  expect(oneAgain).not.toBe(one ?? "");
  expect(twoAgain).toBe(two ?? "");
  const mount = (id: string, target: string) => `--mount=type=cache,id=${id},target=${target},sharing=locked`;
  await build(context(`FROM busybox AS a\nRUN ${mount("x", "/1")} ${mount("y", "/2")} ${mount("x", "/3")} sleep 0.3; echo a > /a\nFROM busybox AS b\nRUN ${mount("y", "/1")} ${mount("x", "/2")} sleep 0.3; echo b > /b\nFROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /`));
});

test("named contexts from a URL and from an OCI layout", async () => {
  const packed = context("", { note: "packed" });
  await sh(["tar", "-C", packed, "-czf", `${packed}.tgz`, "note"]);
  using server = serve({ "/a.tgz": Bun.file(`${packed}.tgz`), "/plain": "alone" });
  await build("-t", "laid:1", context("FROM busybox\nRUN echo laid > /laid"));
  const layout = join(scratch, "layout");
  expect((await sh(["sh", "-c", `mkdir ${layout} && ${docker} save laid:1 | tar -C ${layout} -xf -`], { env: env() })).stderr).toBe("");
  const before = await daemon.ok("images", "-aq");
  const built = await daemon.berth("build", "-q", "-t", "from-contexts", "--build-context", `tgz=${server.url}/a.tgz`, "--build-context", `plain=${server.url}/plain`, "--build-context", `base=oci-layout://${layout}:1`,
    context("FROM base\nCOPY --from=tgz note /note\nCOPY --from=plain plain /plain\nCOPY --from=base /laid /again"));
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("from-contexts", "cat /laid /again /note /plain")).toBe("laid\nlaid\npackedalone");
  expect((await daemon.ok("images", "-aq")).split("\n")).toHaveLength(before.split("\n").length + 1);
  expect((await daemon.berth("build", "--build-context", `base=oci-layout://${layout}:2`, context("FROM base"))).stderr).toContain("no image 2 in the OCI layout");
});

test("named contexts come whole, whatever the ignore file says, and stay out of the main one", async () => {
  const extra = writeContext(scratch, { "note": "from elsewhere" });
  const built = await daemon.berth("build", "-q", "-t", "named", "--build-context", `extra=${extra}`, context("FROM busybox\nCOPY --from=extra note /note\nCOPY . /all/", { ".dockerignore": "*\n!kept", kept: "", dropped: "" }));
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect(await inside("named", "cat /note; echo; ls -A /all")).toBe("from elsewhere\nkept");
});

test("a stage made again with the same files lets what copies from it stay in the cache", async () => {
  const files = (text: string) => ({ main: "same", other: text });
  const dockerfile = "FROM busybox AS maker\nCOPY . /src/\nRUN mkdir /out && cp /src/main /out/\nFROM busybox\nCOPY --from=maker /out /out\nRUN echo expensive > /result";
  const first = (await build("-q", context(dockerfile, files("1")))).trim();
  expect((await build("-q", context(dockerfile, files("2")))).trim()).toBe(first);
});

test("the cache keeps within its limit, and a base may lose its name while a build stands upon it", async () => {
  await using small = await Daemon.start({ args: [] });
  const dockerHost = { DOCKER_HOST: small.host, DOCKER_BUILDKIT: "0" };
  mkdirSync(join(scratch, "limit"), { recursive: true });
  const base = await sh([docker, "build", "-q", "-t", "base", context("FROM busybox\nRUN head -c 3000000 /dev/urandom > /big")], { env: dockerHost });
  expect(base.exitCode).toBe(0);
  const running = sh([docker, "build", "-t", "upon", context("FROM base\nRUN echo started; sleep 2; wc -c < /big > /size\nRUN cat /big | wc -c > /again")], { env: dockerHost });
  await until("the step to run", async () => (await small.leftovers()).some((what) => what.startsWith("cgroup")));
  await small.docker("rmi", "-f", "base");
  await small.api("POST", "/build/prune?all=1");
  const ended = await running;
  expect(ended.exitCode === 0 ? "" : ended.stdout + ended.stderr).toBe("");
  expect(await small.ok("run", "--rm", "upon", "cat", "/size", "/again")).toBe("3000000\n3000000");
  await small.ok("rmi", "upon");
  const pruned = await small.api("POST", "/build/prune?all=1");
  expect(pruned.json.SpaceReclaimed).toBeGreaterThan(2_900_000);
  expect((await small.api("GET", "/system/df")).json.BuildCache ?? []).toEqual([]);
});
