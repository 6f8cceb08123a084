import { SolveRequest } from "../../api/buildkit/control.ts";
import { invalid } from "../../lib/errors.ts";
import { decode, encode } from "../../lib/protobuf.ts";
import type { ApiRequest } from "../http/router.ts";
import { listOf, mapOf, parseValue, ulimitsOf } from "./query-values.ts";

/**
 * Reads a `POST /build?version=2` as what the same client would say over gRPC. `ref`: the build's name. Throws
 * `invalid`.
 */
export function readSolveRequest({ query }: Pick<ApiRequest, "query">, ref: string): SolveRequest {
  const network = query.get("networkmode");
  const asked = {
    ref,
    session: query.get("session"),
    frontend: "dockerfile.v0",
    frontendAttrs: readAttributes(query, network),
    cache: {
      imports: listOf(query.get("cachefrom")).map((name) => ({ type: "registry", attrs: new Map([["ref", name]]) })),
    },
    entitlements: network === "host" ? ["network.host"] : [],
    exporters: [readExporter(query)],
  };
  // What a client that says no more would send has the values of all that it left out.
  return decode(SolveRequest, encode(SolveRequest, asked));
}

function readAttributes(query: ApiRequest["query"], network: string): Map<string, string> {
  const named = (prefix: string, value: string, name: string) =>
    Object.entries(mapOf(value, name)).map(([key, text]): [string, string] => [`${prefix}:${key}`, text]);
  const hosts = query
    .all("extrahosts")
    .flatMap((each) => (each.startsWith("[") ? listOf(each) : each.split(",")))
    .filter(Boolean);
  const ulimits = ulimitsOf(query.get("ulimits")).map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`);
  const remote = query.get("remote");
  const attributes = new Map([
    ["filename", query.get("dockerfile") || "Dockerfile"],
    ["image-resolve-mode", query.bool("pull") ? "pull" : "local"],
    ...named("build-arg", query.get("buildargs"), "buildargs"),
    ...named("label", query.get("labels"), "labels"),
  ]);
  if (query.bool("nocache")) attributes.set("no-cache", "");
  for (const [key, value] of [
    ["target", query.get("target")],
    ["platform", query.get("platform")],
    ["force-network-mode", network === "default" ? "" : network],
    ["context", remote === "client-session" || remote === uploadRequest ? "" : remote],
    ["add-hosts", hosts.map((host) => host.replace(":", "=")).join(",")],
    ["shm-size", query.get("shmsize") === "0" ? "" : query.get("shmsize")],
    ["ulimit", ulimits.join(",")],
    ["cgroup-parent", query.get("cgroupparent")],
  ] as const)
    if (value !== "") attributes.set(key, value);
  return attributes;
}

/** In place of where the context is: it comes by a request of its own. */
export const uploadRequest = "upload-request";

/** What is made of the build: an image, unless `outputs` has something else. */
function readExporter(query: ApiRequest["query"]): { type: string; attrs: Map<string, string> } {
  const [output = { type: "moby", attrs: {} }, second] = readOutputs(query.get("outputs"));
  if (second) throw invalid("multiple outputs not supported");
  const attrs = new Map(Object.entries(output.attrs));
  const type = output.type === "image" || output.type === "docker" ? "moby" : output.type;
  const tags = query.all("t").filter(Boolean);
  if (type === "moby" && tags.length > 0) attrs.set("name", tags.join(","));
  return { type, attrs };
}

/** `[{"Type":"local","Attrs":{}}]`. */
function readOutputs(text: string): { type: string; attrs: Record<string, string> }[] {
  const value = (text === "" ? null : parseValue(text, "outputs")) ?? [];
  if (!Array.isArray(value)) throw invalid("invalid outputs: it should be a JSON array");
  return value.map((each: unknown) => {
    if (typeof each !== "object" || each === null || !("Type" in each) || typeof each.Type !== "string")
      throw invalid("invalid outputs: each needs a Type");
    const attrs = "Attrs" in each ? mapOf(JSON.stringify(each.Attrs), "outputs") : {};
    return { type: each.Type, attrs };
  });
}
