import type { Typed } from "../../api/buildkit/control.ts";
import { parseAttests } from "../../builder/attest/spec.ts";
import type { CacheSpec } from "../../builder/cache/spec.ts";
import type { AskedBuild } from "../../builder/request.ts";
import { invalid } from "../../lib/errors.ts";
import { parsePlatforms } from "../../oci/platform.ts";

/** What a frontend was asked for, by the names of its options. */
export type FrontendOptions = ReadonlyMap<string, string>;

/** The part of a build that options say; the rest is the client's and the exporters'. */
export type OptionsOfBuild = Omit<AskedBuild, "session" | "tags" | "annotations" | "describe" | "cacheTo">;

/** Reads the options of `dockerfile.v0`. Throws `invalid`. */
export function readOptions(
  options: FrontendOptions,
  { entitlements, imports }: { entitlements: readonly string[]; imports: readonly Typed[] },
): OptionsOfBuild {
  const get = (name: string) => options.get(name) ?? "";
  const buildArgs = Object.fromEntries(below(options, "build-arg:"));
  const noCache = options.get("no-cache");
  const epoch = buildArgs["SOURCE_DATE_EPOCH"];
  const network = get("force-network-mode");
  if (!["", "default", "sandbox", "none", "host"].includes(network))
    throw invalid(`network mode ${JSON.stringify(network)} not supported by buildkit`);
  return {
    offered: { secrets: [], agents: [] },
    dockerfilePath: get("filename") || "Dockerfile",
    remote: uploadOf(options) === undefined ? get("context") : "",
    contexts: Object.fromEntries(below(options, "context:")),
    target: get("target"),
    platforms: parsePlatforms(get("platform")),
    buildArgs,
    buildArgNames: Object.keys(buildArgs),
    // In an order of their own: they come in none, and the image is to be the same each time.
    labels: Object.fromEntries(below(options, "label:").sort(([a], [b]) => (a < b ? -1 : 1))),
    noCache: noCache === "",
    noCacheFilter: new Set((noCache ?? "").toLowerCase().split(",").filter(Boolean)),
    pull: get("image-resolve-mode") === "pull",
    squash: false,
    cacheFrom: imports.map(cacheSpec),
    inlineCache: buildArgs["BUILDKIT_INLINE_CACHE"] === "1",
    network: network === "default" || network === "sandbox" ? "" : network,
    extraHosts: get("add-hosts").split(",").filter(Boolean).map(hostOf),
    // All of them, as POST /build has them: they are in the keys of the cache, which is one for both.
    resources: {
      Memory: 0,
      MemorySwap: 0,
      CpuShares: 0,
      CpuPeriod: 0,
      CpuQuota: 0,
      CpusetCpus: "",
      CpusetMems: "",
      ShmSize: numberOf("shm-size", get("shm-size")),
      CgroupParent: get("cgroup-parent"),
      Ulimits: get("ulimit").split(",").filter(Boolean).map(ulimitOf),
      SecurityOpt: [],
    },
    allow: new Set(entitlements),
    attests: parseAttests(attestsOf(options), "v0.2"),
    sourceDateEpoch: epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) : undefined,
  };
}

/** A cache as the client describes it. */
export function cacheSpec({ type, attrs }: Typed): CacheSpec {
  return { type, attributes: attrs };
}

/** The path of what is uploaded in place of a context; undefined: nothing is. */
export function uploadOf(options: FrontendOptions): string | undefined {
  return /^https?:\/\/buildkit-session(\/.*)$/.exec(options.get("context") ?? "")?.[1];
}

/** Options that begin so, without that. */
function below(options: FrontendOptions, prefix: string): [string, string][] {
  return [...options].flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as [string, string]] : [],
  );
}

/**
 * What clients ask for of themselves in each build (`inline-only`: a note within the image, where it costs nothing) was
 * asked for by nobody, and an image without attestations is one image.
 */
function attestsOf(options: FrontendOptions): string[] {
  return below(options, "attest:").flatMap(([type, value]) => {
    const fields = value.split(",").filter((field) => field !== "" && !field.startsWith("type="));
    return fields.includes("inline-only=true") ? [] : [[`type=${type}`, ...fields].join(",")];
  });
}

/** `name=ip` as containers have it: `name:ip`. */
function hostOf(text: string): string {
  const at = text.indexOf("=");
  if (at < 1) throw invalid(`invalid host ${text}`);
  return `${text.slice(0, at)}:${text.slice(at + 1)}`;
}

function ulimitOf(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name, soft, hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === undefined) throw invalid(`invalid ulimit ${text}: it is given as name=soft:hard`);
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

function numberOf(name: string, text: string): number {
  if (text !== "" && !/^\d+$/.test(text))
    throw invalid(`failed to parse ${name}: ${JSON.stringify(text)} is no number`);
  return Number(text);
}
