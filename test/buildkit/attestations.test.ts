/** Attestations of builds whose result is files: they lie beside them, and are about all of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../harness.ts";
import { Buildx } from "./rig.ts";

const rig = new Buildx();
const { build, fails, context, ok } = rig;
beforeAll(() => rig.start(), 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

const both = "linux/amd64,linux/arm64";
const dockerfile = [
  "FROM --platform=$BUILDPLATFORM busybox AS made",
  "ARG TARGETARCH WORD",
  "RUN mkdir -p /o/deep && echo $TARGETARCH >/o/deep/arch && echo one >/o/one && ln -s one /o/link",
  "FROM scratch",
  "COPY --from=made /o /",
].join("\n");

interface Statement {
  _type: string;
  predicateType: string;
  subject: { name: string; digest: { sha256: string } }[];
  predicate: Record<string, unknown>;
}

const statement = (...path: string[]): Statement => JSON.parse(readFileSync(join(...path), "utf8"));
const digest = (text: string) => ({ sha256: new Bun.CryptoHasher("sha256").update(text).digest("hex") });
const subjectsFor = (arch: string) => [
  { name: "deep/arch", digest: digest(`${arch}\n`) },
  { name: "one", digest: digest("one\n") },
];
let folders = 0;
const folder = () => join(rig.scratch, `out${folders++}`);

test("provenance and the list of packages lie beside a folder's files, about each of them", async () => {
  const target = folder();
  const root = context(dockerfile);
  await build(["--provenance=mode=max", "--sbom=true", "--build-arg", "WORD=w", "-o", target, root]);
  expect(readdirSync(target).sort()).toEqual(["deep", "link", "one", "provenance.json", "sbom.spdx.json"]);
  const provenance = statement(target, "provenance.json");
  expect(provenance).toMatchObject({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: "https://slsa.dev/provenance/v0.2",
    predicate: {
      buildType: "https://mobyproject.org/buildkit@v1",
      materials: [{ uri: expect.stringMatching(/^pkg:docker\/busybox@latest\?platform=/) }],
      invocation: {
        configSource: { entryPoint: "Dockerfile" },
        parameters: { args: { "build-arg:WORD": "w" }, locals: [{ name: "context" }, { name: "dockerfile" }] },
      },
      metadata: { completeness: { parameters: true, environment: true, materials: false } },
    },
  });
  const [, own = ""] = /^linux\/(\w+)/.exec(await ok("version", "-f", "{{.Server.Os}}/{{.Server.Arch}}")) ?? [];
  expect(provenance.subject).toEqual(subjectsFor(own));
  const sbom = statement(target, "sbom.spdx.json");
  expect([sbom.predicateType, sbom.subject]).toEqual(["https://spdx.dev/Document", provenance.subject]);
  expect(statSync(join(target, "provenance.json")).mode & 0o777).toBe(0o600);
});

test("in another version, with a prefix, at the epoch; none where only images have a note", async () => {
  const [versioned, none] = [folder(), folder()];
  const root = context(dockerfile);
  const asked = ["--attest", "type=provenance,version=v1", "-o", `type=local,dest=${versioned},attestation-prefix=my-`];
  await build([...asked, root], { env: { SOURCE_DATE_EPOCH: "1000000000" } });
  expect(readdirSync(versioned).sort()).toEqual(["deep", "link", "my-provenance.json", "one"]);
  expect(statement(versioned, "my-provenance.json").predicateType).toBe("https://slsa.dev/provenance/v1");
  expect(statSync(join(versioned, "my-provenance.json")).mtimeMs).toBe(1e12);
  await build(["-o", none, root]);
  expect(readdirSync(none).sort()).toEqual(["deep", "link", "one"]);
});

test("several platforms have a folder each with its own; in one folder their names say the platform", async () => {
  const [parted, merged] = [folder(), folder()];
  const root = context(dockerfile);
  await build(["--provenance=true", "--platform", both, "-o", parted, root]);
  for (const arch of ["amd64", "arm64"]) {
    const files = readdirSync(join(parted, `linux_${arch}`));
    expect(files.sort()).toEqual(["deep", "link", "one", "provenance.json"]);
    expect(statement(parted, `linux_${arch}`, "provenance.json").subject).toEqual(subjectsFor(arch));
  }
  const named = context(
    dockerfile.replace("COPY --from=made /o /", "ARG TARGETARCH\nCOPY --from=made /o /$TARGETARCH"),
  );
  const one = `type=local,dest=${merged},platform-split=false`;
  await build(["--provenance=true", "--platform", both, "-o", one, named]);
  const names = ["amd64", "arm64", "provenance.linux_amd64.json", "provenance.linux_arm64.json"];
  expect(readdirSync(merged).sort()).toEqual(names);
  const { error } = await fails(["--platform", both, "-o", `type=local,dest=${folder()},platform-split=false`, root]);
  expect(error).toMatch(
    /^failed to solve: cannot overwrite \S+ from linux\/\w+ with linux\/\w+ when split option is disabled$/,
  );
});

test("an archive has them too; a file of that name gives way", async () => {
  const archive = join(rig.scratch, "out.tar");
  const listed = async () => (await sh(["tar", "tf", archive])).stdout.trim().split("\n").sort();
  await build(["--provenance=true", "-o", `type=tar,dest=${archive}`, context(dockerfile)]);
  expect(await listed()).toEqual(["deep/", "deep/arch", "link", "one", "provenance.json"]);
  await build(["--provenance=true", "--platform", both, "-o", `type=tar,dest=${archive}`, context(dockerfile)]);
  expect((await listed()).filter((name) => name.endsWith(".json"))).toEqual([
    "linux_amd64/provenance.json",
    "linux_arm64/provenance.json",
  ]);
  const mine = context("FROM scratch\nCOPY mine /provenance.json\n", { mine: "mine" });
  await build(["--provenance=true", "-o", `type=tar,dest=${archive}`, mine]);
  expect(await listed()).toEqual(["provenance.json"]);
  expect((await sh(["tar", "-xOf", archive])).stdout).toContain("https://slsa.dev/provenance/v0.2");
});

test("what cannot be asked for is refused", async () => {
  const root = context(dockerfile);
  const error = async (...args: string[]) => (await fails([...args, "-o", folder(), root])).error;
  expect(await error("--attest", "type=provenance,version=v9")).toBe(
    "failed to solve: invalid provenance SLSA version: v9",
  );
  expect(await error("--attest", "type=provenance,mode=mid")).toBe('failed to solve: invalid mode "mid"');
  const { error: leading } = await fails(["-o", `type=local,dest=${folder()},attestation-prefix=../`, root]);
  expect(leading).toContain("attestation-prefix");
});
