/** Builds as a whole: the language, reproducibility, limits, side by side. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, dockerClients, sh } from "../harness.ts";
import { BuildClient, docker } from "./client.ts";

let daemon: Daemon;
const client = new BuildClient();
const { scratch, env, context, build, fails, inside } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

const layersOf = async (image: string): Promise<string[]> =>
  JSON.parse(await daemon.ok("image", "inspect", image))[0].RootFS.Layers;

test("scopes of ARG and ENV", async () => {
  const dockerfile = [
    "ARG GLOBAL=global",
    "ARG BASE=busybox",
    "FROM $BASE AS one",
    "ARG GLOBAL",
    "ARG LOCAL=local",
    "ENV KEPT=env-$LOCAL",
    "RUN echo $GLOBAL-$LOCAL-$KEPT > /one",
    "FROM one",
    "RUN echo [$GLOBAL][$LOCAL][$KEPT] > /two",
    "ARG KEPT=arg",
    "RUN echo $KEPT > /three",
    "ARG GLOBAL=own",
    "RUN echo $GLOBAL > /four",
    "ARG A B=2 C=3",
    "RUN echo [$A][$B][$C] > /five",
    "RUN echo [$http_proxy][$TARGETPLATFORM] > /six",
    "ARG TARGETPLATFORM",
    "RUN echo $TARGETPLATFORM > /seven",
    "ENV X=1 Y=$X",
    "RUN echo [$Y] > /eight",
  ].join("\n");
  await build("-t", "scopes", "--build-arg", "A=given", "--build-arg", "http_proxy=http://proxy", context(dockerfile));
  expect(await inside("scopes", "cat /one /two /three /four /five /six /seven /eight")).toBe(
    "global-local-env-local\n[global][local][env-local]\narg\nown\n[given][2][3]\n[http://proxy][]\nlinux/amd64\n[]",
  );
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
`.replace(
    'RUN <<EOF\n#!/bin/awk BEGIN{print"awk">"/awk"}\nEOF\n',
    "RUN <<EOF\n#!/bin/busybox sh\necho program > /program\nEOF\n",
  );
  await build("-t", "docs", context(dockerfile));
  expect(
    await inside(
      "docs",
      "cat /docs/one /docs/two /docs/three /run-script /quoted /after /argument /program /both; stat -c %a /docs/one",
    ),
  ).toBe(
    "hello world $world\nhello $NAME\ntabs\nshell\n$literal\ndone\narg\nprogram\nb\n644".replace("$world", "$NAME"),
  );
});

test("triggers of ONBUILD run in the images built upon theirs, and no further", async () => {
  await build(
    "-t",
    "parent",
    context("FROM busybox\nONBUILD ARG WHO=nobody\nONBUILD COPY f /f\nONBUILD RUN echo $WHO > /who", { f: "" }),
  );
  await build(
    "-t",
    "child",
    "--build-arg",
    "WHO=me",
    context("FROM parent\nRUN cat /f /who > /both", { f: "file of the child\n" }),
  );
  expect(await inside("child", "cat /both")).toBe("file of the child\nme");
  await build("-t", "grandchild", context("FROM child\nRUN test ! -e /other", { f: "not taken" }));
  expect(await inside("grandchild", "cat /f")).toBe("file of the child");
});

test("with SOURCE_DATE_EPOCH, builds of the same files are the same image", async () => {
  const dockerfile =
    "FROM busybox\nWORKDIR /a/b\nCOPY f d/ ./d/\nADD t.tar /un/\nRUN mkdir /made && echo x > /made/file && ln " +
    "-s file /made/link && rm /etc/group\nCOPY <<EOF /doc\ntext\nEOF\nFROM busybox\nCOPY --from=0 /made /made\n" +
    "COPY --from=0 /a /a";
  const ids: string[] = [];
  for (const round of [1, 2]) {
    const root = context(dockerfile, { f: "content", "d/g": "more" });
    await sh(["tar", "-C", root, "--mtime", `@${1_600_000_000 + round * 1_000_000_0}`, "-cf", `${root}/t.tar`, "f"]);
    utimesSync(join(root, "t.tar"), 1, 1);
    utimesSync(join(root, "f"), 1_700_000_000 + round, 1_700_000_000 + round);
    for (const target of ["0", "1"])
      ids.push(
        (
          await build("-q", "--no-cache", "--target", target, "--build-arg", "SOURCE_DATE_EPOCH=1500000000", root)
        ).trim(),
      );
  }
  expect(ids.slice(0, 2)).toEqual(ids.slice(2));
  const inspected = JSON.parse(await daemon.ok("image", "inspect", ids[1] ?? ""))[0];
  expect(inspected.Created).toBe("2017-07-14T02:40:00Z");
  expect(await inside(ids[1] ?? "", "stat -c %Y /made /made/file /made/link /a/b /a/b/d | sort -u")).toBe("1500000000");
});

test("--squash leaves one layer upon the base's; what was deleted is not in it", async () => {
  const before = (await layersOf("busybox")).length;
  const built = await daemon.berth(
    "build",
    "-t",
    "squashed",
    "--squash",
    context(
      "FROM busybox\nRUN head -c 1000000 /dev/zero > /big\nRUN rm /big /etc/group\nRUN echo kept > /kept\nENV A=1",
    ),
  );
  expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
  expect((await layersOf("squashed")).length).toBe(before + 1);
  expect(
    await inside("squashed", "cat /kept; test -e /big || echo gone; test -e /etc/group || echo gone; echo $A"),
  ).toBe("kept\ngone\ngone\n1");

  // Docker's client offers it to an experimental engine only.
  await daemon.restart(["--experimental"]);
  for (const client of dockerClients) {
    const built = await sh(
      [client, "build", "-t", "squashed2", "--squash", context("FROM busybox\nRUN echo a > /a\nRUN echo b > /b")],
      { env: env() },
    );
    expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
    expect((await layersOf("squashed2")).length).toBe(before + 1);
  }
});

test("limits of memory, processors, files and shared memory hold in steps", async () => {
  const root = context(
    "FROM busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null > " +
      "/limits; ulimit -n >> /limits; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2 >> /limits\nRUN cat " +
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null >> /limits || cut -d' ' -f1 /sys/fs/cgroup/cpu.max >> " +
      "/limits",
  );
  await build(
    "-t",
    "limited",
    "--memory",
    "64m",
    "--ulimit",
    "nofile=500:500",
    "--shm-size",
    "8m",
    "--cpu-period",
    "100000",
    "--cpu-quota",
    "50000",
    root,
  );
  expect(await inside("limited", "cat /limits")).toBe(`${64 * 2 ** 20}\n500\n8192\n50000`);
  const greedy = await fails(
    "--memory",
    "16m",
    "--memory-swap",
    "16m",
    context("FROM busybox\nRUN head -c 200000000 /dev/zero | tail"),
  );
  expect(greedy).toContain("returned a non-zero code");
});

test("a step leaves nothing of its sandbox in the layer", async () => {
  await build(
    "-t",
    "clean",
    context(
      'FROM scratch\nCOPY --from=busybox /bin/busybox /bin/busybox\nRUN ["/bin/busybox", "true"]\nRUN ' +
        '--mount=type=cache,target=/var/deep/cache --mount=type=tmpfs,target=/scratch ["/bin/busybox", "touch", ' +
        '"/var/deep/cache/x"]',
    ),
  );
  await sh(["sh", "-c", `${docker} save clean | tar -x -C ${scratch} --one-top-level=saved`], { env: env() });
  const listed = await sh([
    "sh",
    "-c",
    `cd ${scratch}/saved && for f in $(find . -type f); do tar -tf $f 2>/dev/null; done | sort -u`,
  ]);
  expect(listed.stdout.split("\n").filter((line) => line !== "")).toEqual(["bin/", "bin/busybox"]);
});

test("stages run side by side, and the first that fails stops the others", async () => {
  const stage = (name: string) =>
    `FROM busybox AS ${name}\nRUN cut -d" " -f1 /proc/uptime > /start; sleep 1.5; : ${name}; cut -d" " -f1 ` +
    "/proc/uptime > /end\n";
  await build(
    "-t",
    "parallel",
    "--no-cache",
    context(`${stage("a")}${stage("b")}FROM busybox\nCOPY --from=a /start /end /a/\nCOPY --from=b /start /end /b/`),
  );
  const [startA = 0, endA = 0, startB = 0, endB = 0] = (await inside("parallel", "cat /a/start /a/end /b/start /b/end"))
    .split("\n")
    .map(Number);
  expect(startA < endB && startB < endA).toBe(true);
  const started = Date.now();
  const text = await fails(
    context(
      "FROM busybox AS slow\nRUN sleep 100\nFROM busybox AS bad\nRUN sleep 0.5; echo reason; exit 9\nFROM " +
        "busybox\nCOPY --from=slow / /\nCOPY --from=bad / /",
    ),
  );
  expect(Date.now() - started).toBeLessThan(15_000);
  expect(text).toContain("reason");
  expect(text).toContain("exit 9' returned a non-zero code: 9");
});
