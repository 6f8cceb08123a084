import { invalid } from "../lib/errors.ts";
import { parseJson } from "../lib/parse-json.ts";
import { algorithmOf, parseDigest } from "./digest.ts";
import type { Descriptor, HistoryEntry, Index, Manifest, OciImageConfig, OciImageConfigFile } from "./image.ts";
import { isIndex, isManifest, mediaTypes } from "./media-types.ts";

/**
 * The border where images come in: what the engine relies on is checked here, the rest is passed on as it is. Fields
 * that are `null` (Go writes them so) are dropped.
 */
type Json = Record<string, unknown>;

const MAX_LAYERS = 1000;

/** Throws `invalid` where it is no image configuration. */
export function parseImageConfig(content: Uint8Array): OciImageConfigFile {
  const file = object(content, "image configuration");
  const rootfs = isObject(file.rootfs) ? file.rootfs : undefined;
  if (!rootfs) throw invalid("invalid image JSON, no RootFS key");
  const diffIds = strings(rootfs.diff_ids ?? [], "rootfs.diff_ids");
  if (diffIds.length > MAX_LAYERS) throw invalid("max depth exceeded");
  diffIds.forEach(parseDigest);
  // What is unpacked here is told by sha256, as everybody does.
  if (diffIds.some((diffId) => algorithmOf(diffId) !== "sha256")) throw invalid("unsupported digest algorithm");
  const history = file.history ?? [];
  if (!Array.isArray(history) || !history.every(isObject)) throw invalid("invalid image JSON: history");
  return {
    ...withoutNulls(file),
    architecture: text(file.architecture, "architecture"),
    os: text(file.os, "os"),
    ...(isObject(file.config) && { config: runConfig(file.config) }),
    rootfs: { type: "layers", diff_ids: diffIds },
    history: history.map((entry): HistoryEntry => withoutNulls(entry)),
  };
}

/** A manifest of one image. `mediaType` as the transport said it, for manifests that do not say themselves. */
export function parseManifest(content: Uint8Array, mediaType?: string): Manifest {
  const manifest = object(content, "manifest");
  const type = typeof manifest.mediaType === "string" ? manifest.mediaType : mediaType;
  if (manifest.schemaVersion === 1)
    throw invalid("schema 1 manifests are not supported: push the image again with a current tool");
  if (manifest.schemaVersion !== 2 || (type !== undefined && !isManifest(type)))
    throw invalid(`not an image manifest: ${type ?? "unknown media type"}`);
  if (!Array.isArray(manifest.layers)) throw invalid("invalid manifest: no layers");
  if (manifest.layers.length > MAX_LAYERS) throw invalid("max depth exceeded");
  return {
    ...withoutNulls(manifest),
    schemaVersion: 2,
    mediaType: type ?? mediaTypes.ociManifest,
    config: descriptor(manifest.config),
    layers: manifest.layers.map(descriptor),
  };
}

/** An index or manifest list. */
export function parseIndex(content: Uint8Array, mediaType?: string): Index {
  const index = object(content, "index");
  const type = typeof index.mediaType === "string" ? index.mediaType : mediaType;
  if (index.schemaVersion !== 2 || (type !== undefined && !isIndex(type)) || !Array.isArray(index.manifests)) {
    throw invalid(`not an image index: ${type ?? "unknown media type"}`);
  }
  return {
    ...withoutNulls(index),
    schemaVersion: 2,
    mediaType: type ?? mediaTypes.ociIndex,
    manifests: index.manifests.map(descriptor),
  };
}

/** What a document says it is: by its media type, or by its shape where it has none. */
export function documentType(content: Uint8Array): string | undefined {
  const document = object(content, "manifest");
  if (typeof document.mediaType === "string") return document.mediaType;
  if (Array.isArray(document.manifests)) return mediaTypes.ociIndex;
  return Array.isArray(document.layers) ? mediaTypes.ociManifest : undefined;
}

/** A descriptor with its three fields checked. Throws `invalid`. */
export function descriptor(value: unknown): Descriptor {
  if (!isObject(value)) throw invalid("invalid descriptor");
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string" || typeof digest !== "string") throw invalid("invalid descriptor");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`invalid size in descriptor of ${digest}`);
  return { ...withoutNulls(value), mediaType, digest: parseDigest(digest), size };
}

const listFields = ["Env", "Cmd", "Entrypoint", "OnBuild", "Shell"] as const;
const mapFields = ["ExposedPorts", "Volumes", "Labels"] as const;

function runConfig(value: Json): OciImageConfig {
  const config = withoutNulls(value);
  for (const field of listFields) if (config[field] !== undefined) strings(config[field], `config.${field}`);
  for (const field of mapFields)
    if (config[field] !== undefined && !isObject(config[field])) throw invalid(`invalid image JSON: config.${field}`);
  return config;
}

/** A JSON object; `what` names the document in errors. Throws `invalid`. */
export function object(content: Uint8Array, what: string): Json {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (cause) {
    throw invalid(`invalid ${what}: not JSON`, cause);
  }
  if (!isObject(value)) throw invalid(`invalid ${what}: not an object`);
  return value;
}

/** A JSON object: no list, not null. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function strings(value: unknown, what: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw invalid(`invalid image JSON: ${what}`);
  return value;
}

function text(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalid(`invalid image JSON: ${what}`);
  return value;
}

function withoutNulls(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}
