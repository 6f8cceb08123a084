/** Builds for several platforms: one index in the image store, pushed, saved, loaded and removed as one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { writeContext } from "./context.ts";
import { startRegistry } from "./registry.ts";

let daemon: Daemon;
let other: Daemon;
let registry: Awaited<ReturnType<typeof startRegistry>>;
const scratch = mkdtempSync("/tmp/berth-platforms-");

beforeAll(async () => {
  [daemon, other, registry] = await Promise.all([Daemon.start(), Daemon.start({ images: [] }), startRegistry()]);
});
afterAll(async () => {
  await Promise.all([
    daemon?.[Symbol.asyncDispose](),
    other?.[Symbol.asyncDispose](),
    registry?.[Symbol.asyncDispose](),
  ]);
  rmSync(scratch, { recursive: true, force: true });
});

async function berth(engine: Daemon, ...args: string[]): Promise<string> {
  const done = await engine.berth(...args);
  expect(done.exitCode === 0 ? "" : done.stdout + done.stderr).toBe("");
  return done.stdout + done.stderr;
}
const both = "linux/amd64,linux/arm64";
const inspect = async (engine: Daemon, image: string, platform: string) =>
  (
    await engine.api(
      "GET",
      `/images/${image}/json?platform=${encodeURIComponent(JSON.stringify({ os: "linux", architecture: platform }))}`,
    )
  ).json;

/** A program of a few instructions that writes a word and ends well. */
function arm64Program(word: string, machine = 183): Uint8Array {
  const message = Buffer.from(`${word}\n`);
  const code = [
    0xd2800020,
    0x100000e1,
    0xd2800002 | (message.length << 5),
    0xd2800808,
    0xd4000001,
    0xd2800000,
    0xd2800ba8,
    0xd4000001,
  ];
  const elf = Buffer.alloc(120 + code.length * 4 + message.length);
  elf.write("\x7fELF\x02\x01\x01", "latin1");
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(machine, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(0x400078n, 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(0x400000n, 80);
  elf.writeBigUInt64LE(0x400000n, 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(elf.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  code.forEach((word, index) => elf.writeUInt32LE(word >>> 0, 120 + index * 4));
  message.copy(elf, 120 + code.length * 4);
  return elf;
}

const cross = [
  "FROM --platform=$BUILDPLATFORM busybox AS shared",
  "RUN date +%s%N > /once",
  "FROM --platform=$BUILDPLATFORM busybox AS builder",
  "ARG TARGETPLATFORM TARGETARCH BUILDARCH",
  'RUN echo "$BUILDARCH builds $TARGETPLATFORM $TARGETARCH" > /out',
  "FROM scratch",
  "ARG TARGETARCH",
  "COPY --from=shared /once /once",
  "COPY --from=builder /out /out",
  "COPY file.$TARGETARCH /file",
  'CMD ["/file"]',
].join("\n");

test("one index of images that are built side by side, with helper stages for the machine that builds", async () => {
  const root = writeContext(scratch, { Dockerfile: cross, "file.amd64": "for amd64", "file.arm64": "for arm64" });
  const output = await berth(
    daemon,
    "build",
    "--progress",
    "plain",
    "--no-cache",
    "--platform",
    both,
    "-t",
    `${registry.host}/multi:1`,
    "--metadata-file",
    join(scratch, "md"),
    "--iidfile",
    join(scratch, "iid"),
    root,
  );
  // A stage that knows nothing of the target is built once, even without a cache.
  expect(output.match(/RUN date/g)).toHaveLength(1);
  expect(output.match(/\[linux\/amd64->arm64 builder \d\/\d\] RUN echo/g)).toHaveLength(1);
  const metadata = JSON.parse(readFileSync(join(scratch, "md"), "utf8"));
  expect(metadata["containerimage.descriptor"].mediaType).toBe("application/vnd.oci.image.index.v1+json");
  expect(metadata["image.name"]).toBe(`${registry.host}/multi:1`);
  expect(readFileSync(join(scratch, "iid"), "utf8")).toBe(metadata["containerimage.digest"]);

  const [amd, arm] = [
    await inspect(daemon, `${registry.host}/multi:1`, "amd64"),
    await inspect(daemon, `${registry.host}/multi:1`, "arm64"),
  ];
  expect([amd.Architecture, arm.Architecture]).toEqual(["amd64", "arm64"]);
  expect(amd.RootFS.Layers[0]).toBe(arm.RootFS.Layers[0]);
  expect(amd.RootFS.Layers[1]).not.toBe(arm.RootFS.Layers[1]);
  expect((await daemon.ok("images", "-q", `${registry.host}/multi`)).split("\n")).toHaveLength(1);

  const { json: listed } = await daemon.api(
    "GET",
    `/images/json?manifests=1&filters=${encodeURIComponent(JSON.stringify({ reference: [`${registry.host}/multi`] }))}`,
  );
  expect(
    listed[0].Manifests.map((each: any) => [each.Kind, each.Available, each.ImageData.Platform.architecture]),
  ).toEqual([
    ["image", true, "amd64"],
    ["image", true, "arm64"],
  ]);
  expect(await berth(daemon, "images", "--tree")).toMatch(/linux\/amd64[^]*linux\/arm64/);

  await berth(daemon, "build", "--platform", both, "-o", `type=local,dest=${join(scratch, "local")}`, root);
  expect(readFileSync(join(scratch, "local/linux_arm64/out"), "utf8")).toBe("amd64 builds linux/arm64 arm64\n");
  expect(readFileSync(join(scratch, "local/linux_amd64/file"), "utf8")).toBe("for amd64");

  await daemon.ok("push", `${registry.host}/multi:1`);
  const raw = JSON.parse(
    (await sh(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${registry.host}/multi:1`])).stdout,
  );
  expect(raw.manifests.map((each: { platform: object }) => each.platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);

  await daemon.ok("tag", `${registry.host}/multi:1`, `${registry.host}/multi:arm`);
  await daemon.ok("push", "--platform", "linux/arm64", `${registry.host}/multi:arm`);
  const single = JSON.parse(
    (await sh(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${registry.host}/multi:arm`])).stdout,
  );
  expect(single.config.digest).toBe(arm.Id);

  await other.ok("pull", "--platform", "linux/arm64", `${registry.host}/multi:1`);
  await other.ok("pull", `${registry.host}/multi:1`);
  expect((await inspect(other, `${registry.host}/multi:1`, "arm64")).Id).toBe(arm.Id);
  expect((await inspect(other, `${registry.host}/multi:1`, "amd64")).Id).toBe(amd.Id);
});

test("save and load keep all platforms, remove takes them all", async () => {
  const root = writeContext(scratch, {
    Dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /f",
    amd64: "1",
    arm64: "2",
  });
  await berth(daemon, "build", "--platform", both, "-t", "kept", root);
  await daemon.ok("tag", "kept", "kept:again");
  await berth(
    daemon,
    "build",
    "--platform",
    both,
    "-o",
    `type=oci,dest=${join(scratch, "oci.tar")}`,
    "-t",
    "kept",
    root,
  );
  const copied = await sh(["skopeo", "inspect", "--raw", `oci-archive:${join(scratch, "oci.tar")}`]);
  expect(JSON.parse(copied.stdout).manifests).toHaveLength(2);
  const archive = join(scratch, "kept.tar");
  await daemon.ok("save", "-o", archive, "kept:again");
  expect(await other.ok("load", "-i", archive)).toContain("Loaded image: kept:again");
  const arm = await inspect(other, "kept:again", "arm64");
  expect(arm.Architecture).toBe("arm64");
  await other.ok("image", "prune", "-f");
  expect((await inspect(other, "kept:again", "arm64")).Id).toBe(arm.Id);
  expect((await other.docker("rmi", arm.Id)).stderr).toContain("must be forced");
  expect(await other.ok("rmi", "kept:again")).toContain(`Deleted: ${arm.Id}`);
  await daemon.ok("rmi", "kept:again");
  expect((await inspect(daemon, "kept", "arm64")).Id).toBe(arm.Id);
});

test("RUN for another platform: with an emulator it runs, without one the error names the platform", async () => {
  const root = writeContext(scratch, { Dockerfile: 'FROM scratch\nCOPY prog /prog\nRUN ["/prog"]' });
  writeFileSync(join(root, "prog"), arm64Program("emulated"), { mode: 0o755 });
  const built = await daemon.berth("build", "--progress", "plain", "--platform", "linux/arm64", root);
  if (existsSync("/proc/sys/fs/binfmt_misc/qemu-aarch64")) expect(built.stdout + built.stderr).toContain("emulated");
  else expect(built.stderr).toContain("cannot run programs for linux/arm64 on linux/amd64: exec format error");
  // No emulator knows this machine.
  writeFileSync(join(root, "prog"), arm64Program("never", 83), { mode: 0o755 });
  const failed = await daemon.berth("build", "--platform", "linux/mips64", root);
  expect(failed.exitCode).not.toBe(0);
  expect(failed.stderr).toContain(
    "cannot run programs for linux/mips64 on linux/amd64: exec format error: install an emulator",
  );
});

test("POST /build takes several platforms; one that is none is refused", async () => {
  const root = writeContext(scratch, { Dockerfile: "FROM scratch\nCOPY Dockerfile /" });
  await sh(["tar", "-C", root, "-cf", `${root}.tar`, "."]);
  const post = async (platform: string) =>
    (
      await fetch(`http://d/build?t=api&platform=${encodeURIComponent(platform)}`, {
        unix: daemon.socket,
        method: "POST",
        body: Bun.file(`${root}.tar`),
      })
    ).text();
  expect(await post("linux/arm/v7,linux/riscv64,linux/riscv64")).toContain("Successfully tagged api:latest");
  expect((await inspect(daemon, "api", "riscv64")).Architecture).toBe("riscv64");
  expect(await post("linux/amd64,what/is/this/platform")).toContain("invalid");
});
