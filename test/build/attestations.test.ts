/** What is said of a build's result: metadata, annotations, provenance and the bill of materials. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh } from "../harness.ts";
import { writeContext } from "./context.ts";
import { startRegistry } from "./registry.ts";

let daemon: Daemon;
let registry: Awaited<ReturnType<typeof startRegistry>>;
const scratch = mkdtempSync("/tmp/berth-attest-");

beforeAll(async () => {
  [daemon, registry] = await Promise.all([Daemon.start(), startRegistry()]);
});
afterAll(async () => {
  await Promise.all([daemon?.[Symbol.asyncDispose](), registry?.[Symbol.asyncDispose]()]);
  rmSync(scratch, { recursive: true, force: true });
});

async function build(...args: string[]): Promise<void> {
  const done = await daemon.berth("build", "-q", ...args);
  expect(done.exitCode === 0 ? "" : done.stdout + done.stderr).toBe("");
  expect(done.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
}
const raw = async (ref: string) =>
  JSON.parse(
    (await sh(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${registry.host}/${ref}`])).stdout,
  );
const blob = async (repository: string, digest: string) =>
  (await fetch(`http://${registry.host}/v2/${repository}/blobs/${digest}`)).json() as Promise<any>;

test("the metadata file has BuildKit's keys, and the registry the same digest", async () => {
  const root = writeContext(scratch, { Dockerfile: "FROM busybox\nRUN echo x > /x" });
  await build("-t", `${registry.host}/meta`, "--metadata-file", join(scratch, "md"), "--push", root);
  const metadata = JSON.parse(readFileSync(join(scratch, "md"), "utf8"));
  expect(Object.keys(metadata).sort()).toEqual([
    "containerimage.config.digest",
    "containerimage.descriptor",
    "containerimage.digest",
    "image.name",
  ]);
  expect(metadata["image.name"]).toBe(`${registry.host}/meta:latest`);
  expect(metadata["containerimage.config.digest"]).toBe(
    await daemon.ok("inspect", "-f", "{{.Id}}", `${registry.host}/meta`),
  );
  const answer = await fetch(`http://${registry.host}/v2/meta/manifests/latest`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  expect(answer.headers.get("docker-content-digest")).toBe(metadata["containerimage.digest"]);
});

test("annotations of manifests, of their entries and of the index", async () => {
  const root = writeContext(scratch, { Dockerfile: "FROM scratch\nCOPY Dockerfile /" });
  await build("-t", `${registry.host}/noted:1`, "--annotation", "a=b=c", "--push", root);
  expect((await raw("noted:1")).annotations).toEqual({ a: "b=c" });
  await build(
    "-t",
    `${registry.host}/noted:2`,
    "--platform",
    "linux/amd64,linux/arm64",
    "--annotation",
    "index:i=1",
    "--annotation",
    "manifest[linux/arm64],manifest-descriptor:d=2",
    "--push",
    root,
  );
  const index = await raw("noted:2");
  expect(index.annotations).toEqual({ i: "1" });
  expect(index.manifests.map((each: { annotations?: object }) => each.annotations)).toEqual([{ d: "2" }, { d: "2" }]);
  expect((await daemon.berth("build", "--annotation", "what:ever", root)).stderr).toContain("expected key=value");
});

test("provenance and SBOM stand beside the image, in BuildKit's layout", async () => {
  const status =
    "Package: libfoo\nStatus: install ok installed\nMaintainer: A <a@b>\nArchitecture: amd64\nSource: foo (1)\n" +
    "Version: 1:2.3-4+b1\nDescription: x\n more\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: " +
    "1\n";
  const root = writeContext(scratch, {
    Dockerfile: "FROM busybox\nARG TOKEN\nCOPY root /\nRUN --mount=type=secret,id=s true",
    "root/var/lib/dpkg/status": status,
    "root/etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "root/lib/apk/db/installed": "P:musl\nV:1.2-r3\nA:x86_64\nL:MIT\no:musl\n\n",
    secret: "hidden",
  });
  await build(
    "-t",
    `${registry.host}/attested`,
    "--sbom=true",
    "--provenance=mode=max",
    "--build-arg",
    "TOKEN=t",
    "--secret",
    `id=s,src=${root}/secret`,
    "--push",
    root,
  );
  const index = await raw("attested");
  expect(index.manifests).toHaveLength(2);
  const [image, attached] = index.manifests;
  expect(attached.platform).toEqual({ architecture: "unknown", os: "unknown" });
  expect(attached.annotations).toEqual({
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  });
  const manifest = await raw(`attested@${attached.digest}`);
  expect(
    manifest.layers.map((layer: { mediaType: string; annotations: object }) => [layer.mediaType, layer.annotations]),
  ).toEqual([
    ["application/vnd.in-toto+json", { "in-toto.io/predicate-type": "https://spdx.dev/Document" }],
    ["application/vnd.in-toto+json", { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1" }],
  ]);
  const [spdx, slsa] = await Promise.all(
    manifest.layers.map((layer: { digest: string }) => blob("attested", layer.digest)),
  );
  expect(slsa.subject[0].digest).toEqual({ sha256: image.digest.slice(7) });
  expect(
    spdx.predicate.packages.map((each: any) => [each.name, each.versionInfo, each.externalRefs[0].referenceLocator]),
  ).toEqual([
    ["libfoo", "1:2.3-4+b1", "pkg:deb/debian/libfoo@1%3A2.3-4%2Bb1?arch=amd64&distro=debian-12&upstream=foo"],
    ["musl", "1.2-r3", "pkg:apk/debian/musl@1.2-r3?arch=x86_64&distro=debian-12&upstream=musl"],
  ]);
  const { externalParameters, resolvedDependencies } = slsa.predicate.buildDefinition;
  expect(externalParameters.request).toEqual({
    frontend: "dockerfile.v0",
    args: { platform: "linux/amd64", "build-arg:TOKEN": "t" },
    secrets: [{ id: "s", optional: true }],
    ssh: [],
  });
  expect(resolvedDependencies).toEqual([
    {
      uri: "pkg:docker/busybox@latest?platform=linux%2Famd64",
      digest: { sha256: (await daemon.ok("inspect", "-f", "{{.Id}}", "busybox")).slice(7) },
    },
  ]);
  expect(JSON.stringify([spdx, slsa])).not.toContain("hidden");

  // The engine tells of them, keeps them through an archive, and runs the image as any other.
  const attestations = async () =>
    (
      await daemon.api(
        "GET",
        `/v1.55/images/${registry.host}/attested/attestations?statement=1&type=https://slsa.dev/provenance/v1`,
      )
    ).json;
  const told = await attestations();
  if (told.length !== undefined)
    expect(told).toMatchObject([
      {
        PredicateType: "https://slsa.dev/provenance/v1",
        Statement: { subject: [{ digest: { sha256: image.digest.slice(7) } }] },
      },
    ]);
  const archive = join(scratch, "attested.tar");
  await daemon.ok("save", "-o", archive, `${registry.host}/attested:latest`);
  await daemon.ok("rmi", `${registry.host}/attested`);
  await daemon.ok("load", "-i", archive);
  expect(await attestations()).toEqual(told);
  expect(await daemon.ok("run", "--rm", `${registry.host}/attested`, "cat", "/etc/os-release")).toContain("debian");

  await build(
    "-t",
    "plain",
    "--attest",
    "type=provenance",
    "--attest",
    "type=provenance,disabled=true",
    "--sbom=false",
    root,
  );
  expect((await daemon.berth("build", "--attest", "type=what", root)).stderr).toContain("unknown attestation type");
});
