/** Where a build takes its context, its Dockerfile and further contexts from. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { gitServer, served } from "./remotes.ts";
import { Buildx } from "./rig.ts";
import { names, step } from "./told.ts";

const rig = new Buildx();
const { build, fails, context, inside } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

test("a Dockerfile on standard input, with a context and without", async () => {
  const root = context("FROM nothing", { f: "of the context" });
  const withContext = await build(["-t", "stdin", "-f", "-", root], { input: "FROM busybox\nCOPY f /\n" });
  expect(names(withContext)).toEqual([
    "[1/2] FROM docker.io/library/busybox:latest",
    "[2/2] COPY f /",
    "[internal] load .dockerignore",
    "[internal] load build context",
    "[internal] load build definition from Dockerfile",
    "[internal] load metadata for docker.io/library/busybox:latest",
    "exporting to image",
  ]);
  expect(await inside("stdin", "cat /f")).toBe("of the context");
  const alone = await build(["-"], { input: "FROM busybox\nRUN echo only\n" });
  expect(step(alone, "[2/2] RUN echo only").logs).toEqual(["only"]);
  expect(names(alone)).not.toContain("[internal] load build context");
});

test.each(["", "-z"])("a context as an archive on standard input, packed with %j", async (flag) => {
  const root = context("FROM busybox\nCOPY f g* /\nRUN ls /f; cat .dockerignore 2>/dev/null || echo without\n", {
    f: "packed",
    ignored: "x",
    ".dockerignore": "ignored\n",
  });
  const tar = Bun.spawn(["tar", "-C", root, "-c", ...(flag ? [flag] : []), "."], { stdout: "pipe" });
  const built = await build(["-t", "packed", "-"], { input: await tar.stdout.bytes() });
  // BuildKit tells of its unpacking too.
  expect(names(built).filter((name) => name !== "copy /context /")).toEqual(
    [
      "[1/3] FROM docker.io/library/busybox:latest",
      "[2/3] COPY f g* /",
      "[3/3] RUN ls /f; cat .dockerignore 2>/dev/null || echo without",
      "[internal] load metadata for docker.io/library/busybox:latest",
      "[internal] load remote build context",
      "exporting to image",
    ].sort(),
  );
  expect(await inside("packed", "cat /f")).toBe("packed");
});

test("an ignore file may be as long as the client takes patterns; one that is longer is refused", async () => {
  const lines = (count: number) => Array.from({ length: count }, (_, at) => `some/path/number-${at}\n`).join("");
  const files = { kept: "kept", left: "left", ".dockerignore": `${lines(10_000)}left\n` };
  await build(["-t", "long-ignore", context("FROM busybox\nCOPY . /c\n", files)]);
  expect(await inside("long-ignore", "ls /c")).toBe("Dockerfile\nkept");
  const longer = { ...files, ".dockerignore": lines(30_000) };
  const { error } = await fails(["-t", "longer", context("FROM busybox\nCOPY . /c\n", longer)]);
  expect(error).toMatch(/metadata of \d+ bytes is longer than 1048576 bytes|header list size to send violates/);
});

test("what is ignored is not there; the ignore file of a Dockerfile goes before the common one", async () => {
  const files = {
    "keep.md": "k",
    "drop.log": "d",
    "deep/drop.log": "d",
    "deep/keep.log": "k",
    ".dockerignore": "# a comment\n**/*.log\n!deep/keep.log\n",
    "Other.Dockerfile": "FROM busybox\nCOPY . /all/\nRUN cd /all && find . -type f | sort\n",
    "Other.Dockerfile.dockerignore": "deep\nkeep.md",
  };
  const root = context("FROM busybox\nCOPY . /all/\nRUN cd /all && find . -type f | sort\n", files);
  const find = "[3/3] RUN cd /all && find . -type f | sort";
  const common = await build([root]);
  expect(step(common, find).logs).toEqual([
    "./.dockerignore",
    "./Dockerfile",
    "./Other.Dockerfile",
    "./Other.Dockerfile.dockerignore",
    "./deep/keep.log",
    "./keep.md",
  ]);
  const other = await build(["-f", join(root, "Other.Dockerfile"), root]);
  expect(step(other, find).logs).toEqual([
    "./.dockerignore",
    "./Dockerfile",
    "./Other.Dockerfile",
    "./Other.Dockerfile.dockerignore",
    "./drop.log",
  ]);
  expect(names(other)).not.toContain("[internal] load .dockerignore");
});

test("kinds of files, modes, links and names come as they are; a change of one file is seen", async () => {
  const root = context(
    "FROM busybox\nCOPY . /all\nRUN cd /all && find . ! -name Dockerfile -exec stat -c '%n %A %u %s' {} + | sort\n",
    {
      "file|600": "12345",
      "program|755": "#!/bin/sh\n",
      link: "-> file",
      "gone/away": "x",
      "empty/": "",
      "ñame with spaces|644": "n",
    },
  );
  await sh(["chmod", "4755", join(root, "program")]);
  await sh(["ln", join(root, "file"), join(root, "second")]);
  const listed = async () => {
    const { steps } = await build([root]);
    return steps.find(({ name }) => name.startsWith("[3/3]"))?.logs.filter((line) => !line.startsWith(". "));
  };
  expect(await listed()).toEqual([
    "./empty drwxr-xr-x 0 4096",
    "./file -rw------- 0 5",
    "./gone drwxr-xr-x 0 4096",
    "./gone/away -rw-r--r-- 0 1",
    "./link lrwxrwxrwx 0 4",
    "./program -rwsr-xr-x 0 10",
    "./second -rw------- 0 5",
    "./ñame with spaces -rw-r--r-- 0 1",
  ]);
  expect(await listed()).toEqual([]);
  await Bun.write(join(root, "gone/away"), "changed");
  await sh(["rm", join(root, "link")]);
  const changed = await listed();
  expect(changed).toContain("./gone/away -rw-r--r-- 0 7");
  expect(changed?.join("\n")).not.toContain("link");
});

test("named contexts: an image, a folder, in place of a stage and of an image", async () => {
  const folder = context("", { "a.txt": "a\n", hidden: "h", ".dockerignore": "hidden" });
  const root = context(
    [
      "FROM base AS first",
      "RUN echo from $(ls /bin | head -1)",
      "FROM busybox",
      "COPY --from=loc . /loc",
      "COPY --from=first /bin/true /t",
      "RUN ls -A /loc",
    ].join("\n"),
  );
  const contexts = ["--build-context", "base=docker-image://alpine", "--build-context", `loc=${folder}`];
  const built = await build([...contexts, root]);
  expect(names(built)).toEqual(
    [
      "[context base] alpine",
      "[context base] load metadata for alpine",
      "[context loc] load .dockerignore",
      "[context loc] load from client",
      "[first 1/2] RUN echo from $(ls /bin | head -1)",
      "[internal] load .dockerignore",
      "[internal] load build definition from Dockerfile",
      "[internal] load metadata for docker.io/library/busybox:latest",
      "[stage-1 1/4] FROM docker.io/library/busybox:latest",
      "[stage-1 2/4] COPY --from=loc . /loc",
      "[stage-1 3/4] COPY --from=first /bin/true /t",
      "[stage-1 4/4] RUN ls -A /loc",
      "exporting to image",
    ].sort(),
  );
  expect(step(built, "[stage-1 4/4] RUN ls -A /loc").logs).toEqual([".dockerignore", "Dockerfile", "a.txt"]);
  const missing = await fails(["--build-context", "loc=nofolder", root]);
  expect(missing.error).toBe("failed to get build context loc: stat nofolder: no such file or directory");
});

test("a context over HTTP: an archive, a Dockerfile, nothing", async () => {
  const root = context("FROM busybox\nCOPY f /\nRUN cat /f\n", { f: "over HTTP" });
  await sh(["tar", "-C", root, "-czf", `${root}.tar.gz`, "."]);
  using server = served({
    "/context.tar.gz": Bun.file(`${root}.tar.gz`),
    "/Plain": "FROM busybox\nRUN echo plain\n",
  });
  const archive = await build([`${server.url}/context.tar.gz`]);
  expect(names(archive)).toContain("[internal] load remote build context");
  expect(step(archive, "[3/3] RUN cat /f").logs).toEqual(["over HTTP"]);
  const plain = await build([`${server.url}/Plain`]);
  expect(step(plain, "[2/2] RUN echo plain").logs).toEqual(["plain"]);
  const { error, steps } = await fails([`${server.url}/nothing`]);
  expect(error).toContain("failed to load cache key: invalid response status 404");
  expect(steps.map((each) => [each.name, each.end])).toEqual([["[internal] load remote build context", "error"]]);
  expect(steps[0]?.error).toContain("invalid response status 404");
});

test("a context from git: a branch, a tag and a folder, a reference that is not there", async () => {
  await using git = await gitServer(rig.scratch, [
    { Dockerfile: "FROM busybox\nCOPY . /r\nRUN ls -A /r\n", "sub/Dockerfile": "FROM busybox\nRUN echo sub\n" },
    { later: "later" },
  ]);
  const main = await build([git.url]);
  expect(step(main, `[internal] load git source ${git.url}`).end).toBe("done");
  expect(step(main, "[3/3] RUN ls -A /r").logs).toEqual(["Dockerfile", "later", "sub"]);
  expect(names(main)).not.toContain("[internal] load build context");
  const tagged = await build([`${git.url}#v1:sub`]);
  expect(names(tagged)).toContain(`[internal] load git source ${git.url}#v1:sub`);
  expect(step(tagged, "[2/2] RUN echo sub").logs).toEqual(["sub"]);
  const { error } = await fails([`${git.url}#nope`]);
  expect(error).toContain("repository does not contain ref nope");
});

test("a named context from git; what ADD fetches", async () => {
  await using git = await gitServer(rig.scratch, [{ f: "of git" }]);
  using server = served({ "/file": "of HTTP\n" });
  const named = await build([
    ...["--build-context", `r=${git.url}`],
    context("FROM busybox\nCOPY --from=r . /r\nRUN cat /r/f\n"),
  ]);
  expect(names(named)).toContain(`[internal] load git source ${git.url}`);
  expect(step(named, "[stage-0 3/3] RUN cat /r/f").logs).toEqual(["of git"]);
  const added = await build([
    context(`FROM busybox\nADD ${git.url} /added\nADD ${server.url}/file /file\nRUN ls -A /added; cat /file\n`),
  ]);
  expect(names(added)).toContain(`[2/4] ADD ${git.url} /added`);
  expect(names(added)).toContain(`[3/4] ADD ${server.url}/file /file`);
  expect(step(added, "[4/4] RUN ls -A /added; cat /file").logs).toEqual(["f", "of HTTP"]);
});

test("a Dockerfile over HTTP for a folder", async () => {
  const root = context("FROM nothing", { f: "local" });
  using server = served({ "/Remote": "FROM busybox\nCOPY f /\nRUN cat /f\n" });
  const built = await build(["-f", `${server.url}/Remote`, root]);
  expect(names(built)).toContain(`[internal] load ${server.url}/Remote`);
  expect(step(built, "[3/3] RUN cat /f").logs).toEqual(["local"]);
});
