/** What the builder has and keeps: what it can do, its cache, and what is known of builds that were. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { sh } from "../harness.ts";
import { Buildx } from "./rig.ts";

const rig = new Buildx();
const { build, context, docker, ok } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

test("buildx ls and inspect: one builder, running, for this machine's platform first", async () => {
  const list = await ok("buildx", "ls");
  expect(list.split("\n")[0]).toMatch(/^NAME\/NODE +DRIVER\/ENDPOINT +STATUS +BUILDKIT +PLATFORMS$/);
  expect(list).toMatch(/^default\* +docker *$/m);
  expect(list).toMatch(/^ \\_ default +\\_ default +running +\S+ +linux\/(amd64|arm64)/m);
  const inspected = await ok("buildx", "inspect");
  expect(inspected).toMatch(/^Driver: +docker$/m);
  expect(inspected).toMatch(/^Status: +running$/m);
  expect(inspected).toMatch(/^BuildKit version: +\S+$/m);
  expect(inspected).toMatch(/^Platforms: +linux\/(amd64|arm64)/m);
  expect(inspected).toMatch(/^ org\.mobyproject\.buildkit\.worker\.moby\.host-gateway-ip: +\d+\.\d+\.\d+\.\d+$/m);
  expect(inspected).toMatch(/^GC Policy rule#0:$/m);
});

interface Usage {
  id: string;
  shown: string;
}

async function usage(...args: string[]): Promise<Usage[]> {
  const said = await ok("buildx", "du", "--verbose", ...args);
  return said
    .split(/\n\n+/)
    .filter((record) => record.startsWith("ID:"))
    .map((shown) => ({ id: /^ID:\s+(\S+)$/m.exec(shown)?.[1] ?? "", shown }));
}

test("buildx du tells of each step and its size; prune takes what is named, and says what it took", async () => {
  await ok("buildx", "prune", "-af");
  expect(await ok("buildx", "du")).toMatch(/^Reclaimable:\s+0B\nTotal:\s+0B$/m);
  await build(["-t", "kept", context("FROM busybox\nRUN head -c 100000 /dev/zero >/kept\n")]);
  await build(["-o", "type=cacheonly", context("FROM busybox\nRUN head -c 200000 /dev/zero >/loose\n")]);
  const records = await usage();
  const ofStep = (part: string) => records.filter(({ shown }) => shown.includes(part));
  const [loose] = ofStep("head -c 200000");
  expect(loose?.id).toMatch(/^[a-z0-9]{25,64}$/);
  expect(loose?.shown).toMatch(/^Size:\s+20\d(\.\d+)?kB$/m);
  expect(loose?.shown).toMatch(/^Reclaimable:\s+true$/m);
  expect(loose?.shown).toMatch(/^Type:\s+regular$/m);
  expect(loose?.shown).toMatch(/^Created at:\s+20\d\d-/m);
  expect(loose?.shown).toMatch(/^Usage count:\s+\d+$/m);
  expect(ofStep("head -c 100000")).not.toEqual([]);
  expect(await ok("buildx", "du")).toMatch(/^Total:\s+[\d.]+[kM]?B$/m);
  expect(await usage("--filter", `id=${loose?.id}`)).toHaveLength(1);

  expect(await ok("builder", "prune", "-f", "--filter", "until=1h")).toBe("Total:\t0B");
  expect(await usage()).toHaveLength(records.length);
  const pruned = await ok("builder", "prune", "-f", "--filter", `id=${loose?.id}`);
  expect(pruned).toMatch(/^ID\s+RECLAIMABLE\s+SIZE\s+LAST ACCESSED$/m);
  expect(pruned).toContain(loose?.id ?? "no id");
  expect(pruned).toMatch(/^Total:\s+20\d(\.\d+)?kB$/m);
  expect((await usage()).filter(({ shown }) => shown.includes("head -c 200000"))).toEqual([]);
  await ok("buildx", "prune", "-af");
  expect(await usage()).toEqual([]);
  expect(await rig.inside("kept", "wc -c </kept")).toBe("100000");
});

test("docker system df counts the cache, docker builder prune gives its room back", async () => {
  await build(["-o", "type=cacheonly", context("FROM busybox\nRUN head -c 300000 /dev/zero >/df\n")]);
  const cache = async () =>
    (await ok("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Size}}")).match(/^Build Cache (\d+) (\S+)$/m);
  expect(Number((await cache())?.[1])).toBeGreaterThan(0);
  await ok("builder", "prune", "-af");
  expect((await cache())?.slice(1)).toEqual(["0", "0B"]);
});

test("buildx dial-stdio is a way to the builder: it answers the preface of HTTP/2 with its settings", async () => {
  const preface = String.raw`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`;
  const { stdout } = await sh(["sh", "-c", `printf '${preface}' | timeout 20 docker buildx dial-stdio`], {
    env: rig.env,
  });
  // The type of the first frame, after its length.
  expect(stdout.charCodeAt(3)).toBe(4);
});

test("builders that are not: another of the same kind, one without name", async () => {
  const other = await docker(["buildx", "create", "--name", "other", "--driver", "docker"]);
  expect(other.stderr).toBe('ERROR: additional instances of driver "docker" cannot be created\n');
  const nosuch = await docker(["buildx", "inspect", "nosuch"]);
  expect(nosuch.stderr).toBe('ERROR: no builder "nosuch" found\n');
});

test("imagetools reads and makes indexes in a registry, past the engine", async () => {
  const { stderr } = await docker(["buildx", "imagetools", "inspect", "127.0.0.1:1/x"]);
  expect(stderr).toContain("127.0.0.1:1: connect: connection refused");
});

test("history, where the client has it: builds, newest first, what is known of one, its log; then none", async () => {
  const root = context("FROM busybox\nRUN echo remembered\n");
  await build(["--no-cache", root]);
  await rig.fails([context("FROM busybox\nRUN exit 3\n")]);
  const { exitCode, stdout, stderr } = await docker(["buildx", "history", "ls", "--format", "json"]);
  if (!rig.newest) {
    // Older releases print what commands there are.
    expect(stdout + stderr).toContain("Usage:  docker buildx");
    return;
  }
  expect(exitCode).toBe(0);
  const [failed, done] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(failed).toMatchObject({ status: "Error" });
  expect(done).toMatchObject({ status: "Completed", completed_steps: 6, total_steps: 6, name: root.split("/").pop() });
  const ref = done.ref.split("/").pop();
  const inspected = JSON.parse(await ok("buildx", "history", "inspect", "--format", "json", ref));
  expect(inspected).toMatchObject({ Ref: ref, Dockerfile: "Dockerfile", Status: "completed", NumTotalSteps: 6 });
  const log = await docker(["buildx", "history", "logs", "--progress=plain", ref]);
  expect(log.stderr).toContain("[2/2] RUN echo remembered");
  await ok("buildx", "history", "rm", ref);
  // The dockerd that this was tried on, 28.5.2, dies here.
  expect(await ok("buildx", "history", "ls", "--format", "json")).not.toContain(ref);
});
