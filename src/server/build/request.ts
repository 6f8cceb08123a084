import { parseAttests } from "../../builder/attest/spec.ts";
import { parseCacheSpecs } from "../../builder/cache/spec.ts";
import { parseAnnotation } from "../../builder/export/annotations.ts";
import type { AskedBuild } from "../../builder/request.ts";
import { parsePlatforms } from "../../oci/platform.ts";
import type { ApiRequest } from "../http/router.ts";
import { entriesOf, listOf, mapOf, ulimitsOf } from "./query-values.ts";
import { RequestSession } from "./session.ts";

/** Reads `POST /build`, but for its body. Throws `invalid`. */
export function readBuild(request: ApiRequest): AskedBuild & { session: RequestSession } {
  const { query } = request;
  const buildArgs = mapOf(query.get("buildargs"), "buildargs");
  const cacheTo = parseCacheSpecs(query.all("cacheto"));
  const epoch = buildArgs["SOURCE_DATE_EPOCH"];
  const session = new RequestSession(request);
  return {
    session,
    offered: session.offered,
    dockerfilePath: query.get("dockerfile") || "Dockerfile",
    remote: query.get("remote"),
    contexts: mapOf(query.get("contexts"), "contexts"),
    target: query.get("target"),
    platforms: parsePlatforms(query.get("platform")),
    buildArgs,
    buildArgNames: entriesOf(query.get("buildargs"), "buildargs").map(([name]) => name),
    labels: mapOf(query.get("labels"), "labels"),
    tags: query.all("t").filter(Boolean),
    noCache: query.bool("nocache"),
    noCacheFilter: new Set(query.get("nocachefilter").toLowerCase().split(",").filter(Boolean)),
    pull: query.bool("pull"),
    squash: query.bool("squash"),
    cacheFrom: parseCacheSpecs(listOf(query.get("cachefrom"))),
    cacheTo,
    inlineCache: buildArgs["BUILDKIT_INLINE_CACHE"] === "1" || cacheTo.some(({ type }) => type === "inline"),
    network: query.get("networkmode") === "default" ? "" : query.get("networkmode"),
    extraHosts: query
      .all("extrahosts")
      .flatMap((each) => (each.startsWith("[") ? listOf(each) : each.split(",")))
      .filter(Boolean),
    resources: readResources(request),
    allow: new Set(query.all("allow").flatMap((each) => each.split(","))),
    describe: query.bool("describe"),
    annotations: query.all("annotation").flatMap(parseAnnotation),
    attests: parseAttests(query.all("attest"), "v1"),
    sourceDateEpoch: epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) : undefined,
  };
}

/** What a RUN may take, as containers have it. */
function readResources({ query }: Pick<ApiRequest, "query">): AskedBuild["resources"] {
  const number = (name: string) => query.int(name) ?? 0;
  return {
    Memory: number("memory"),
    MemorySwap: number("memswap"),
    CpuShares: number("cpushares"),
    CpuPeriod: number("cpuperiod"),
    CpuQuota: number("cpuquota"),
    CpusetCpus: query.get("cpusetcpus"),
    CpusetMems: query.get("cpusetmems"),
    ShmSize: number("shmsize"),
    CgroupParent: query.get("cgroupparent"),
    Ulimits: ulimitsOf(query.get("ulimits")),
    SecurityOpt: query
      .all("securityopt")
      .flatMap((each) => (each.startsWith("[") ? listOf(each) : [each]))
      .filter(Boolean),
  };
}
