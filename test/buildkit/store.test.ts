/**
 * What clients ask of an engine whose image store holds indexes and manifests: several platforms, archives of images,
 * pushes from the engine, caches in registries and folders, attestations, annotations.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { ReferenceRegistry } from "../registry/reference.ts";
import { writeUsers } from "../registry/users.ts";
import { Buildx } from "./rig.ts";
import { step } from "./told.ts";

const rig = new Buildx();
const { build, fails, context, ok } = rig;
let registry: ReferenceRegistry;
let guarded: ReferenceRegistry;
beforeAll(async () => {
  [registry, guarded] = await Promise.all([
    ReferenceRegistry.start(),
    writeUsers(rig.scratch).then((users) => ReferenceRegistry.start(users)),
    rig.start(),
  ]);
}, 900_000);
afterAll(async () => {
  await Promise.all([registry, guarded, rig].map((each) => each?.[Symbol.asyncDispose]()));
});

const both = "linux/amd64,linux/arm64";
/** Gives another image for each platform. */
const twofold = () =>
  context("FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH.txt /arch\n", { "amd64.txt": "a", "arm64.txt": "b" });
const types = ["oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2"];
interface Named {
  digest: string;
  mediaType: string;
  annotations?: Record<string, string>;
}
/** A manifest of a registry, with its digest. */
async function manifest(of: ReferenceRegistry, name: string, reference: string, headers: Record<string, string> = {}) {
  const accept = types.map((type) => `application/vnd.${type}+json`).join(", ");
  const answer = await fetch(`${of.url}/v2/${name}/manifests/${reference}`, { headers: { accept, ...headers } });
  expect(answer.status).toBe(200);
  const content: Named & { config: Named; layers: Named[]; manifests: Named[] } = JSON.parse(await answer.text());
  return { ...content, digest: answer.headers.get("docker-content-digest") ?? "" };
}
/** The build's metadata file. */
async function metadata(args: string[]): Promise<Record<string, unknown>> {
  const file = join(rig.scratch, "metadata.json");
  await build(["--metadata-file", file, ...args]);
  return JSON.parse(readFileSync(file, "utf8"));
}
/** A file of an archive. */
const inArchive = async (archive: string, name: string) =>
  JSON.parse((await sh(["tar", "-xOf", archive, name])).stdout);
const blobOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;
const idOf = (image: string) => ok("image", "inspect", "-f", "{{.Id}}", image);

test("several platforms are one image with an index, whose id the client is told as inspect has it", async () => {
  const told = await metadata(["--platform", both, "-t", "twofold", twofold()]);
  expect(told).toMatchObject({
    "containerimage.digest": await idOf("twofold"),
    "containerimage.descriptor": { mediaType: "application/vnd.oci.image.index.v1+json" },
    "image.name": "docker.io/library/twofold:latest",
  });
  const archive = join(rig.scratch, "saved.tar");
  await ok("save", "-o", archive, "twofold");
  const [entry] = (await inArchive(archive, "index.json")).manifests;
  expect(entry.digest).toBe((told["containerimage.descriptor"] as { digest: string }).digest);
  const { manifests } = await inArchive(archive, blobOf(entry.digest));
  expect(manifests.map(({ platform }: { platform: unknown }) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  const target = join(rig.scratch, "split");
  await build(["--platform", both, "-o", target, twofold()]);
  expect(readdirSync(target).sort()).toEqual(["linux_amd64", "linux_arm64"]);
  expect(readFileSync(join(target, "linux_arm64/arch"), "utf8")).toBe("b");
});

test("an index for one platform where it is asked for; targets for several platforms take each other", async () => {
  const told = await metadata(["--build-arg", "BUILDKIT_MULTI_PLATFORM=1", "-t", "indexed", twofold()]);
  expect(told["containerimage.descriptor"]).toMatchObject({ mediaType: "application/vnd.oci.image.index.v1+json" });
  const root = context("FROM lib\nARG TARGETARCH\nCOPY --from=lib /arch /$TARGETARCH\n");
  const bake = join(root, "docker-bake.json");
  const platforms = both.split(",");
  const lib = { context: twofold(), platforms };
  const app = { context: root, contexts: { lib: "target:lib" }, platforms, output: ["type=local,dest=out"] };
  writeFileSync(bake, JSON.stringify({ target: { lib, app } }));
  const env = { BUILDX_BAKE_ENTITLEMENTS_FS: "0" };
  const baked = await rig.docker(["buildx", "bake", "-f", bake, "app"], { cwd: root, env });
  expect(baked.exitCode === 0 ? "" : baked.stderr).toBe("");
  expect(readFileSync(join(root, "out/linux_amd64/amd64"), "utf8")).toBe("a");
  expect(readFileSync(join(root, "out/linux_arm64/arm64"), "utf8")).toBe("b");
});

test("-o type=oci and type=docker are archives that docker loads, and leave no image behind", async () => {
  const root = context("FROM busybox\nRUN echo x >/x\n");
  const before = await ok("image", "ls", "-aq", "--no-trunc");
  const [oci, docker] = [join(rig.scratch, "oci.tar"), join(rig.scratch, "docker.tar")];
  const told = await metadata(["-o", `type=oci,dest=${oci}`, "-t", "o:1", "--annotation", "a=b", root]);
  const [entry] = (await inArchive(oci, "index.json")).manifests;
  expect(entry).toMatchObject({
    digest: told["containerimage.digest"],
    annotations: { "io.containerd.image.name": "docker.io/library/o:1", "org.opencontainers.image.ref.name": "1" },
  });
  const made = await inArchive(oci, blobOf(entry.digest));
  expect(made.annotations).toEqual({ a: "b" });
  expect(told["containerimage.config.digest"]).toBe(made.config.digest);

  const built = await build(["-o", `type=docker,dest=${docker}`, "-t", "d:1", "-t", "d:2", root]);
  const { statuses } = step(built, "exporting to docker image format");
  expect(statuses).toEqual([
    "exporting layers",
    "exporting manifest sha256:…",
    "exporting config sha256:…",
    "sending tarball",
  ]);
  expect(await inArchive(docker, "manifest.json")).toMatchObject([{ RepoTags: ["d:1", "d:2"] }]);
  expect(await ok("image", "ls", "-aq", "--no-trunc")).toBe(before);
  await ok("load", "-i", docker);
  expect(await idOf("d:2")).toBe(String(told["containerimage.config.digest"]));
  expect(await rig.inside("d:1", "cat /x")).toBe("x");

  const several = join(rig.scratch, "several.tar");
  await build(["--platform", both, "-o", `type=oci,dest=${several},name=s`, twofold()]);
  await ok("load", "-i", several);
  expect(await ok("image", "inspect", "-f", "{{.Architecture}}", "s")).toBe("amd64");
  const folder = join(rig.scratch, "folder");
  await build(["-o", `type=oci,dest=${folder},tar=false`, "-t", "f:2", root]);
  const [listed] = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")).manifests;
  expect(JSON.parse(readFileSync(join(folder, blobOf(listed.digest)), "utf8")).config.digest).toBe(made.config.digest);
});

test("--push sends the image from the engine, with the client's credentials, and tells its digest", async () => {
  const root = context("FROM busybox\nRUN echo push >/push\n");
  const { address } = registry;
  const told = await metadata(["--push", "-t", `${address}/p:1`, "-t", `${address}/p/q`, root]);
  const pushed = await manifest(registry, "p", "1");
  expect(told).toMatchObject({
    "containerimage.digest": pushed.digest,
    "containerimage.config.digest": pushed.config.digest,
    "image.name": `${address}/p:1,${address}/p/q:latest`,
  });
  expect((await manifest(registry, "p/q", "latest")).digest).toBe(pushed.digest);
  expect(await idOf(`${address}/p:1`)).toBe(pushed.config.digest);
  expect(await ok("image", "inspect", "-f", "{{.RepoDigests}}", `${address}/p:1`)).toContain(
    `${address}/p@${pushed.digest}`,
  );

  const refused = await fails(["--push", "-t", `${guarded.address}/g`, root]);
  expect(refused.error).toStartWith(`failed to solve: failed to push ${guarded.address}/g:latest: `);
  await ok("login", "-u", "ann", "-p", "ann's password", guarded.address);
  const built = await build(["--platform", both, "--push", "-t", `${guarded.address}/g`, twofold()]);
  const { statuses } = step(built, "exporting to image");
  expect(statuses.slice(-3)).toEqual([
    `naming to ${guarded.address}/g:latest`,
    "pushing layers",
    `pushing manifest for ${guarded.address}/g:latest`,
  ]);
  const authorization = `Basic ${Buffer.from("ann:ann's password").toString("base64")}`;
  const index = await manifest(guarded, "g", "latest", { authorization });
  expect(index.manifests.length).toBe(2);
  await ok("image", "rm", `${guarded.address}/g`);
  await ok("pull", `${guarded.address}/g`);
  const nowhere = await fails(["--push", "-t", "127.0.0.1:1/x", root]);
  expect(step(nowhere, "exporting to image").error).toContain("failed to push 127.0.0.1:1/x:latest: ");
});

test("attributes of the image exporter are honoured; wrong ones are refused before anything is built", async () => {
  const root = context("FROM busybox\nRUN echo attributes >/a\n");
  const { address } = registry;
  // Clients of buildx 0.13 push once more themselves, for which the image has to be here.
  const form = "oci-mediatypes=false,compression=uncompressed,force-compression=true";
  const store = `store=${!rig.newest}`;
  const told = await metadata(["-o", `type=image,push=true,${store},name=${address}/plain:1,${form}`, root]);
  if (rig.newest) {
    const plain = await manifest(registry, "plain", "1");
    expect(plain.digest).toBe(String(told["containerimage.digest"]));
    expect(plain.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    for (const { mediaType } of plain.layers) expect(mediaType).toBe("application/vnd.docker.image.rootfs.diff.tar");
    expect(await ok("image", "ls", "-q", `${address}/plain`)).toBe("");
  }
  await build(["-o", `type=image,push=true,name=${address}/zstd,compression=zstd,force-compression=true`, root]);
  for (const { mediaType } of (await manifest(registry, "zstd", "latest")).layers)
    expect(mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
  await ok("image", "rm", `${address}/zstd`);
  await ok("pull", `${address}/zstd`);
  expect(await rig.inside(`${address}/zstd`, "cat /a")).toBe("attributes");
  await build(["-o", "type=image,dangling-name-prefix=nobody", root]);
  await build(["-o", "type=image,name=canon,name-canonical=true", root]);
  const digests = await ok("image", "inspect", "-f", "{{.RepoDigests}}", "canon");
  expect(digests).toContain("nobody@sha256:");
  expect(digests).toContain("canon@sha256:");
  for (const [attributes, words] of [
    ["compression=estargz", "unsupported compression type estargz"],
    ["unpack=maybe", 'non-bool value maybe specified for unpack: strconv.ParseBool: parsing "maybe": invalid syntax'],
    ["compression-level=high", "non-int value high specified for compression-level"],
  ] as const) {
    const failed = await fails(["-o", `type=image,name=x,${attributes}`, root]);
    expect([failed.error, failed.steps]).toEqual([`failed to solve: ${words}`, []]);
  }
});

test("caches go to registries, folders of the client and images, and come from there", async () => {
  const root = context("FROM busybox AS one\nRUN date +%N >/d\nFROM busybox\nCOPY --from=one /d /\nRUN cat /d >/e\n");
  const name = `${registry.address}/cache`;
  const folder = join(rig.scratch, "cache");
  await build([
    "--cache-to",
    `type=local,dest=${folder},mode=max`,
    "--cache-to",
    `type=registry,ref=${name}:max,mode=max`,
    "--cache-to",
    "type=inline",
    "--push",
    "-t",
    `${name}:image`,
    root,
  ]);
  const id = await idOf(`${name}:image`);
  for (const from of [`type=local,src=${folder}`, `type=registry,ref=${name}:max`, `${name}:image`]) {
    await ok("image", "rm", "-f", id);
    await ok("builder", "prune", "-af");
    const built = await build(["--cache-from", from, "-t", "again", root]);
    const runs = built.steps.filter((each) => / (RUN|COPY) /.test(each.name)).map(({ end }) => end);
    // The image holds the layers of its last stage alone; the steps of the other are known, and are not needed.
    expect(runs).toEqual(["cached", "cached", "cached"]);
    expect(built.steps.find((each) => each.name.startsWith("importing cache manifest from "))?.end).toBe("done");
    expect(await ok("image", "inspect", "-f", "{{json .RootFS}}", "again")).not.toBe("");
    await ok("image", "rm", "again");
  }
  const missing = await build(["--cache-from", "127.0.0.1:1/nothing", root]);
  expect(step(missing, "importing cache manifest from 127.0.0.1:1/nothing").end).toBe("error");
  expect((await fails(["--cache-to", "type=nosuch", root])).error).toContain('unknown cache exporter: "nosuch"');
});

test("an OCI layout of the client is a context, and its image is gone with the build", async () => {
  const [archive, folder] = [join(rig.scratch, "layout.tar"), join(rig.scratch, "layout")];
  await build(["--platform", both, "-o", `type=oci,dest=${archive}`, twofold()]);
  mkdirSync(folder);
  expect((await sh(["tar", "-xf", archive, "-C", folder])).exitCode).toBe(0);
  const before = await ok("image", "ls", "-aq", "--no-trunc");
  const target = join(rig.scratch, "taken");
  const root = context("FROM base AS b\nFROM scratch\nCOPY --from=b /arch /taken\n");
  await build(["--platform", both, "--build-context", `base=oci-layout://${folder}`, "-o", target, root]);
  expect(readFileSync(join(target, "linux_amd64/taken"), "utf8")).toBe("a");
  expect(readFileSync(join(target, "linux_arm64/taken"), "utf8")).toBe("b");
  expect(await ok("image", "ls", "-aq", "--no-trunc")).toBe(before);
});

test("attestations are made where somebody asks for them, annotations go where they are meant to", async () => {
  const root = context("FROM busybox\nRUN echo attest >/a\n");
  const name = `${registry.address}/attested`;
  await build(["--push", "-t", `${name}:plain`, root]);
  expect((await manifest(registry, "attested", "plain")).config).toBeDefined();
  await build(["--push", "--provenance=mode=max", "--sbom=true", "-t", `${name}:both`, root]);
  const { manifests } = await manifest(registry, "attested", "both");
  const [image, attestation] = manifests;
  if (!image || !attestation) throw new Error("no attestation");
  expect(attestation.annotations).toEqual({
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  });
  const statements = await manifest(registry, "attested", attestation.digest);
  expect(statements.layers.map(({ annotations }) => annotations?.["in-toto.io/predicate-type"])).toEqual([
    "https://spdx.dev/Document",
    "https://slsa.dev/provenance/v0.2",
  ]);
  const inspected = JSON.parse(
    await ok("buildx", "imagetools", "inspect", `${name}:both`, "--format", "{{json .Provenance}}"),
  );
  expect(inspected.SLSA).toMatchObject({
    buildType: "https://mobyproject.org/buildkit@v1",
    metadata: { completeness: { parameters: true } },
  });

  const levels = ["m=1", "index:i=2", "manifest[linux/arm64]:arm=3", "manifest-descriptor:d=4"];
  const flags = levels.flatMap((each) => ["--annotation", each]);
  await build(["--platform", both, "--push", "-t", `${name}:noted`, ...flags, twofold()]);
  const index = await manifest(registry, "attested", "noted");
  expect(index.annotations).toEqual({ i: "2" });
  expect(index.manifests.map(({ annotations }) => annotations)).toEqual([{ d: "4" }, { d: "4" }]);
  const [amd, arm] = index.manifests;
  expect((await manifest(registry, "attested", amd?.digest ?? "")).annotations).toEqual({ m: "1" });
  expect((await manifest(registry, "attested", arm?.digest ?? "")).annotations).toEqual({ m: "1", arm: "3" });
  const single = await fails(["-o", "type=image", "--annotation", "index:a=b", root]);
  expect(single.error).toBe("failed to solve: index annotations not supported for single platform export");
});
