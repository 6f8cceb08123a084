/** What the engine says that it takes is what du says, holes and hard links and logs and all. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { linkSync, truncateSync, writeFileSync } from "node:fs";
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ args: ["--loop-quotas"] });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

const kinds = async (): Promise<Record<string, number>> => {
  const { stdout, stderr } = await daemon.berth("system", "df", "--disk", "--format", "{{.Kind}}={{.Bytes}}");
  expect(stderr).toBe("");
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("="))
      .map(([kind, size]) => [kind, Number(size)]),
  );
};
const du = async () => Number((await sh(["du", "-sx", "-B1", daemon.dataRoot])).stdout.split("\t")[0]);

test("it adds up to du, by kinds", async () => {
  const before = await kinds();
  await daemon.ok("volume", "create", "sparse");
  const data = `${daemon.dataRoot}/volumes/sparse/_data`;
  writeFileSync(`${data}/small`, "12345");
  linkSync(`${data}/small`, `${data}/again`);
  writeFileSync(`${data}/holes`, "x");
  truncateSync(`${data}/holes`, 2 ** 40);
  await daemon.ok("volume", "create", "-o", "size=64m", "limited");
  const write = "dd if=/dev/zero of=/x bs=1M count=3; head -c 2000000 /dev/urandom | base64";
  await daemon.ok("run", "--name", "writer", "-v", "limited:/d", "busybox", "sh", "-c", write);
  await sh(["mkdir", `${daemon.root}/context`]);
  const dockerfile = "FROM busybox\nRUN --mount=type=cache,target=/c dd if=/dev/zero of=/c/x bs=1M count=4\n";
  writeFileSync(`${daemon.root}/context/Dockerfile`, dockerfile);
  expect((await daemon.berth("build", "-t", "built", `${daemon.root}/context`)).exitCode).toBe(0);

  const grown = async (kind: string) => ((await kinds())[kind] ?? 0) - (before[kind] ?? 0);
  expect(await grown("containers")).toBeGreaterThan(3 << 20);
  expect(await grown("container logs")).toBeGreaterThan(2_000_000);
  expect(await grown("build cache")).toBeGreaterThan(4 << 20);
  expect(await grown("volumes")).toBeLessThan(16 << 20);
  await until("the sum to be what du says", async () => {
    const { total, ...parts } = await kinds();
    expect(Object.values(parts).reduce((sum, size) => sum + size, 0)).toBe(total ?? 0);
    return total === (await du());
  });

  const { Volumes } = (await daemon.api("GET", "/system/df?type=volume")).json;
  const sparse = Volumes.find(({ Name }: { Name: string }) => Name === "sparse");
  expect(sparse.UsageData.Size).toBeLessThan(10_000);
  const both = await daemon.berth("system", "df", "--disk", "-v");
  expect([both.exitCode, both.stderr.trim()]).toEqual([
    1,
    "conflicting options: cannot specify both --disk and --verbose",
  ]);
  expect((await daemon.berth("system", "df", "--disk")).stdout).toMatch(
    /^KIND +SIZE\nimage layers +\S+\n(.*\n)+total +\S+\n$/,
  );
  await daemon.ok("rm", "writer");
  await daemon.ok("volume", "rm", "sparse", "limited");
});
