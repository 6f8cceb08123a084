/** What became of builds, and what the cache holds: Docker's client lists both, and clears them away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { Buildx } from "./rig.ts";

const rig = new Buildx();
const { build, context, fails, ok, tried } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

/** Of a table with a line of headings, what stands in its first column. */
const firstColumn = (table: string) =>
  table
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s/)[0]);

interface Listed {
  ref: string;
  status: string;
  total_steps: number;
  completed_steps: number;
  cached_steps: number;
}

async function listed(): Promise<Listed[]> {
  const text = await ok("buildx", "history", "ls", "--format", "json");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .map((each) => ({ ...each, ref: each.ref.split("/").at(-1) }));
}

/** What `history export` writes of a build: a packed OCI layout whose image is the record, with what belongs to it. */
async function exported(ref: string): Promise<void> {
  const [file, folder] = [join(rig.scratch, "out.dockerbuild"), join(rig.scratch, "exported")];
  await ok("buildx", "history", "export", "--finalize", "-o", file, ref);
  mkdirSync(folder);
  expect((await sh(["tar", "-xzf", file, "-C", folder])).exitCode).toBe(0);
  const blob = (digest: string) => readFileSync(join(folder, "blobs", digest.replace(":", "/")), "utf8");
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  const { config, layers } = JSON.parse(blob(manifests[0].digest));
  expect(config.mediaType).toBe("application/vnd.buildkit.historyrecord.v0");
  const types: string[] = layers.map(({ mediaType }: { mediaType: string }) => mediaType).sort();
  expect(types).toEqual([
    "application/json",
    "application/vnd.buildkit.otlp.json.v0",
    "application/vnd.buildkit.status.v0",
    "application/vnd.in-toto+json",
  ]);
  const record = JSON.parse(blob(config.digest));
  expect(record).toMatchObject({ Ref: ref, Exporters: [{ Type: "image" }], FrontendAttrs: { filename: "Dockerfile" } });
  const trace = blob(record.trace.digest);
  // The engine's part and the client's.
  for (const name of ["RUN echo hi-there", "moby.buildkit.v1.Control/Solve", "build "]) expect(trace).toContain(name);
}

test("builds are listed, the newest first, with logs, errors and materials; they can be removed", async () => {
  // Older releases have no command for it.
  if (!rig.newest) return;
  const good = context("FROM busybox\nRUN echo hi-there\n");
  await build([good]);
  await fails([context("FROM busybox\nRUN echo oh-no; exit 7\n")]);
  await build([good]);
  const [again, failed, first] = await listed();
  expect([again?.status, failed?.status, first?.status]).toEqual(["Completed", "Error", "Completed"]);
  expect([first?.total_steps, first?.completed_steps, first?.cached_steps]).toEqual([6, 6, 0]);
  expect(again?.cached_steps).toBeGreaterThan(0);
  const logs = await rig.docker(["buildx", "history", "logs", first?.ref ?? ""]);
  expect(logs.stderr + logs.stdout).toContain("hi-there");
  const inspected = JSON.parse(await ok("buildx", "history", "inspect", "--format", "json", failed?.ref ?? ""));
  expect(inspected).toMatchObject({ Status: "failed", Error: { Code: 2 } });
  expect(inspected.Error.Message).toContain("did not complete successfully: exit code: 7");
  expect(Buffer.from(inspected.Error.Sources, "base64").toString()).toContain(">>> RUN echo oh-no; exit 7");
  expect(await ok("buildx", "history", "inspect", failed?.ref ?? "")).toContain("> => [2/2] RUN echo oh-no; exit 7:\n");
  expect(await ok("buildx", "history", "inspect", again?.ref ?? "")).toContain("pkg:docker/busybox@latest");
  const provenance = await ok("buildx", "history", "inspect", "attachment", "--type", "provenance", first?.ref ?? "");
  expect(JSON.parse(provenance)).toMatchObject({ metadata: { completeness: { parameters: true } } });
  const nothing = await rig.docker(["buildx", "history", "inspect", "attachment", "--type", "other", first?.ref ?? ""]);
  expect(nothing.stderr).toContain("no matching attachment found");
  expect((await listed()).filter(({ ref }) => ref === failed?.ref)).toHaveLength(1);
  expect(firstColumn(await ok("buildx", "history", "ls", "--filter", "status=error"))).toEqual([failed?.ref]);
  await exported(again?.ref ?? "");
  await ok("buildx", "history", "rm", failed?.ref ?? "");
  expect((await listed()).map(({ ref }) => ref)).toEqual([again?.ref ?? "", first?.ref ?? ""]);
});

test("the metadata file says what the build was made of", async () => {
  const file = join(rig.scratch, "metadata.json");
  const built = await build(["--metadata-file", file, context("FROM busybox\nRUN true\n")]);
  const metadata = JSON.parse(readFileSync(file, "utf8"));
  expect(metadata["containerimage.digest"]).toMatch(/^sha256:[0-9a-f]{64}$/);
  if (!rig.newest) return;
  expect(built.steps.map(({ name }) => name)).toContain("resolving provenance for metadata file");
  expect(metadata["buildx.build.provenance"]).toMatchObject({
    builder: { id: "" },
    buildType: "https://mobyproject.org/buildkit@v1",
    materials: [{ uri: expect.stringMatching(/^pkg:docker\/busybox@latest\?platform=linux%2F/) }],
    invocation: { configSource: { entryPoint: "Dockerfile" }, parameters: { frontend: "dockerfile.v0" } },
  });
});

test("what the cache holds is listed by kind, and goes by kind, by age and at all", async () => {
  await ok("buildx", "prune", "-af");
  const mounting = "FROM busybox\nCOPY f /f\nRUN --mount=type=cache,target=/c echo kept >/c/x\n";
  await build([context(mounting, { f: "content" })]);
  const table = (...args: string[]) => ok("buildx", "du", ...args);
  const kinds = (await table("--verbose")).match(/^Type:\s+\S+/gm)?.map((line) => line.split(/\s+/)[1]);
  expect(new Set(kinds)).toEqual(new Set(["regular", "source.local", "exec.cachemount"]));
  const folders = firstColumn(await table("--filter", "type=source.local")).filter((id) => id?.endsWith("*"));
  expect(folders).not.toEqual([]);
  expect(await ok("builder", "prune", "-f", "--filter", "until=1h")).toBe("Total:\t0B");
  const gone = await ok("builder", "prune", "-f", "--filter", "type=source.local");
  expect(
    firstColumn(gone)
      .filter((id) => id?.endsWith("*"))
      .sort(),
  ).toEqual(folders.sort());
  expect(gone).toMatch(/^Total:\t[1-9]/m);
  expect(await table("--verbose")).not.toContain("source.local");
  await ok("buildx", "prune", "-af");
  expect(await table()).toMatch(/^(ID .*\n)?Reclaimable:\s+0B\nTotal:\s+0B$/);
  expect(JSON.parse((await ok("system", "df", "--format", "json")).split("\n").at(-1) ?? "")).toMatchObject({
    Type: "Build Cache",
    TotalCount: "0",
    Size: "0B",
  });
});

test("host-gateway is an address that the engine tells; the worker says what it can run", async () => {
  const told = await ok("buildx", "inspect");
  const gateway = /host-gateway-ip:\s+(\S+)/.exec(told)?.[1];
  expect(told).toMatch(/Platforms:\s+linux\/(amd64|arm64)/);
  expect(told).toContain("GC Policy rule#0:");
  const { steps } = await tried([
    "--no-cache",
    "--add-host",
    "up:host-gateway",
    context("FROM busybox\nRUN cat /etc/hosts\n"),
  ]);
  expect(steps.flatMap(({ logs }) => logs)).toContain(`${gateway}\tup`);
});
