import { expect, test } from "bun:test";
import { chainIds, digestOf, parseDigest } from "./digest.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "./parse.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformScore } from "./platform.ts";

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const digest = digestOf("");

test("digests and chains", () => {
  expect(digest).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(parseDigest(digest)).toBe(digest);
  expect(() => parseDigest("sha256:x")).toThrow("invalid checksum digest length");
  expect(() => parseDigest("x")).toThrow("invalid checksum digest format");
  const long = digestOf("", "sha512");
  expect(long).toMatch(/^sha512:cf83e1357eefb8bd[0-9a-f]{112}$/);
  expect(parseDigest(long)).toBe(long);
  expect(() => parseDigest("sha512:ab")).toThrow("invalid checksum digest length");
  expect(() => parseDigest(long.toUpperCase().replace("SHA", "sha"))).toThrow("invalid checksum digest format");
  expect(() => parseDigest(`sha384:${"0".repeat(96)}`)).toThrow("unsupported digest algorithm");
  const [a = "", b = ""] = chainIds([digest, digest]);
  expect(a).toBe(digest);
  expect(b).toBe(digestOf(`${digest} ${digest}`));
});

test("configurations: nulls are dropped, nonsense refused", () => {
  const config = {
    os: "linux",
    architecture: "amd64",
    config: { Cmd: null, Env: ["a=b"], Volumes: null },
    rootfs: { type: "layers", diff_ids: [digest] },
    history: null,
  };
  expect(parseImageConfig(json(config))).toMatchObject({
    config: { Env: ["a=b"] },
    rootfs: { diff_ids: [digest] },
    history: [],
  });
  expect(Object.keys(parseImageConfig(json(config)).config ?? {})).toEqual(["Env"]);
  for (const [value, message] of [
    [{}, "invalid image JSON, no RootFS key"],
    [{ rootfs: { diff_ids: "x" } }, "rootfs.diff_ids"],
    [{ rootfs: { diff_ids: ["x"] } }, "invalid checksum digest format"],
    [{ rootfs: { diff_ids: [] }, config: { Env: "x" } }, "config.Env"],
    [{ rootfs: { diff_ids: [] }, config: { Labels: [] } }, "config.Labels"],
    [{ rootfs: { diff_ids: [] }, os: 5 }, "invalid image JSON: os"],
    [[], "not an object"],
  ] as const) {
    expect(() => parseImageConfig(json(value))).toThrow(message);
  }
  expect(() => parseImageConfig(Buffer.from("{"))).toThrow("not JSON");
});

test("manifests and indexes", () => {
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: 1 };
  expect(parseManifest(json({ schemaVersion: 2, config: descriptor, layers: [descriptor] })).layers).toEqual([
    descriptor,
  ]);
  expect(() => parseManifest(json({ schemaVersion: 1 }))).toThrow("schema 1");
  expect(() =>
    parseManifest(json({ schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, size: -1 }] })),
  ).toThrow("invalid size");
  expect(() =>
    parseManifest(json({ schemaVersion: 2, config: { ...descriptor, digest: "../../etc" }, layers: [] })),
  ).toThrow("invalid checksum digest format");
  expect(() =>
    parseManifest(json({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", layers: [] })),
  ).toThrow("not an image manifest");
  expect(parseIndex(json({ schemaVersion: 2, manifests: [descriptor] })).manifests).toHaveLength(1);
  expect(documentType(json({ manifests: [] }))).toBe("application/vnd.oci.image.index.v1+json");
});

test("platforms", () => {
  expect(formatPlatform(parsePlatform("linux/arm64/v8"))).toBe("linux/arm64");
  expect(formatPlatform(parsePlatform("linux/arm"))).toBe("linux/arm/v7");
  expect(formatPlatform(parsePlatform("x86_64"))).toBe("linux/amd64");
  expect(formatPlatform(parsePlatform("linux"))).toBe(formatPlatform({ ...hostPlatform(), os: "linux" }));
  expect(() => parsePlatform("nonsense")).toThrow("unknown operating system or architecture");
  expect(() => parsePlatform("a/b/c/d")).toThrow("invalid");
  const score = (wanted: string, offered: string) => platformScore(parsePlatform(wanted), parsePlatform(offered));
  expect(score("linux/amd64", "linux/arm64")).toBe(0);
  expect(score("linux/arm/v7", "linux/arm/v7")).toBeGreaterThan(score("linux/arm/v7", "linux/arm/v6"));
  expect(score("linux/arm/v6", "linux/arm/v7")).toBe(0);
  // What no variant is said of is the family's first; the 32 bits of a family come last.
  expect(score("linux/amd64", "linux/amd64/v3")).toBe(0);
  expect(score("linux/amd64/v3", "linux/amd64/v2")).toBeGreaterThan(score("linux/amd64/v3", "linux/amd64"));
  expect(score("linux/amd64", "linux/amd64")).toBeGreaterThan(score("linux/amd64", "linux/386"));
  expect(score("linux/amd64", "linux/386")).toBeGreaterThan(0);
  expect(score("linux/arm64", "linux/arm/v7")).toBeGreaterThan(score("linux/arm64", "linux/arm/v6"));
  expect(score("linux/arm64", "linux/arm64")).toBeGreaterThan(score("linux/arm64", "linux/arm/v8"));
  expect(score("linux/arm", "linux/arm64")).toBe(0);
});
