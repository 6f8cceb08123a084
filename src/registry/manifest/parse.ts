import { parseJson } from "../../lib/parse-json.ts";
import { isForeignLayer, mediaTypes } from "../../oci/media-types.ts";
import { RegistryError } from "../errors.ts";
import { isDigest, shorten } from "../names.ts";

/** What a manifest names, and must find in its repository when it is pushed. */
export interface NamedContent {
  digest: string;
  size: number;
  kind: "blob" | "manifest";
  /** Kept elsewhere on purpose (`urls`): it need not be here. */
  foreign: boolean;
}

/**
 * What the registry needs of a manifest or index. `subject`: digest of the manifest that this one refers to;
 * `references`: the blobs and manifests that it names.
 */
export interface ParsedManifest {
  mediaType: string;
  /** The manifest's own, or its config's media type, as the referrers API reports it. */
  artifactType?: string;
  subject?: string;
  /** Digest of an image's configuration file. */
  config?: string;
  annotations: Record<string, string>;
  references: NamedContent[];
}

/** ORAS wrote this before OCI 1.1 settled on image manifests for artifacts. */
const artifactManifest = "application/vnd.oci.artifact.manifest.v1+json";

const kinds = new Map<string, "image" | "index" | "artifact">([
  [mediaTypes.ociManifest, "image"],
  [mediaTypes.dockerManifest, "image"],
  [mediaTypes.ociIndex, "index"],
  [mediaTypes.dockerList, "index"],
  [artifactManifest, "artifact"],
]);

const schema1 = new Set<string>([mediaTypes.dockerManifestV1, mediaTypes.dockerManifestV1Signed]);
/** RFC 6838, and parameters behind it, which some artifact tools write. */
const mediaTypePattern =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:;[\x20-\x7e]{0,127})?$/;

type Fields = Record<string, unknown>;

const bad = (message: string) => new RegistryError("MANIFEST_INVALID", message);

/**
 * Reads a manifest or index of any kind in use. `contentType` is the request's header, possibly empty or general,
 * in which case the document's own `mediaType` or its shape decides. Throws MANIFEST_INVALID with a reason.
 */
export function parseManifest(content: Uint8Array, contentType: string): ParsedManifest {
  const fields = decode(content);
  const own = optionalText(fields, "mediaType");
  const mediaType = chooseType(contentType.split(";")[0]?.trim().toLowerCase() ?? "", own, fields);
  const kind = kinds.get(mediaType);
  if (!kind)
    throw bad(
      `manifests of type ${JSON.stringify(shorten(mediaType))} are not accepted: use ` +
        `${[...kinds.keys()].slice(0, 4).join(", ")}`,
    );
  if (own !== undefined && own !== mediaType)
    throw bad(`the manifest says that it is ${JSON.stringify(shorten(own))}, but was sent as ${mediaType}`);
  if (kind !== "artifact" && fields["schemaVersion"] !== 2) throw bad("schemaVersion must be 2");

  const references: NamedContent[] = [];
  let configType: string | undefined;
  let imageConfig: string | undefined;
  if (kind === "image") {
    if ("manifests" in fields) throw bad("an image manifest must not have a list of manifests");
    const config = descriptor(fields["config"], "config");
    configType = config.mediaType;
    if (configType === mediaTypes.ociConfig || configType === mediaTypes.dockerConfig) imageConfig = config.digest;
    references.push({ ...config, kind: "blob" });
    for (const [index, layer] of list(fields, "layers").entries())
      references.push({ ...descriptor(layer, `layers[${index}]`), kind: "blob" });
  } else if (kind === "index") {
    if ("layers" in fields || "config" in fields) throw bad("an index must not have a config or layers");
    for (const [index, entry] of list(fields, "manifests").entries())
      references.push({ ...descriptor(entry, `manifests[${index}]`), kind: "manifest" });
  } else {
    for (const [index, blob] of (fields["blobs"] === undefined ? [] : list(fields, "blobs")).entries())
      references.push({ ...descriptor(blob, `blobs[${index}]`), kind: "blob" });
  }
  const subject =
    fields["subject"] === undefined || fields["subject"] === null
      ? undefined
      : descriptor(fields["subject"], "subject").digest;
  const artifactType = optionalText(fields, "artifactType") || (kind === "image" ? configType : undefined);
  return {
    mediaType,
    annotations: annotationsOf(fields),
    references,
    ...(artifactType && { artifactType }),
    ...(subject && { subject }),
    ...(imageConfig && { config: imageConfig }),
  };
}

function decode(content: Uint8Array): Fields {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (cause) {
    throw new RegistryError("MANIFEST_INVALID", "the manifest is not valid JSON", { cause });
  }
  if (!isFields(value)) throw bad("the manifest is not a JSON object");
  return value;
}

function chooseType(sent: string, own: string | undefined, fields: Fields): string {
  if (schema1.has(sent) || fields["schemaVersion"] === 1) {
    throw bad("Docker image manifest version 2, schema 1 is obsolete and not accepted: push with a current client");
  }
  if (
    sent !== "" &&
    sent !== "application/json" &&
    sent !== "application/octet-stream" &&
    sent !== "application/x-www-form-urlencoded"
  )
    return sent;
  if (own !== undefined) return own;
  if ("manifests" in fields) return mediaTypes.ociIndex;
  if ("config" in fields || "layers" in fields) return mediaTypes.ociManifest;
  throw bad("the manifest's media type is neither sent as Content-Type nor recognisable");
}

interface DescriptorFields extends Omit<NamedContent, "kind"> {
  mediaType: string;
}

function descriptor(value: unknown, where: string): DescriptorFields {
  if (!isFields(value)) throw bad(`${where} is not a descriptor`);
  const { mediaType, digest, size, urls } = value;
  if (typeof mediaType !== "string" || !mediaTypePattern.test(mediaType))
    throw bad(`${where}.mediaType is missing or no media type`);
  if (typeof digest !== "string" || !isDigest(digest))
    throw bad(`${where}.digest is missing or no sha256 or sha512 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw bad(`${where}.size is missing or no size in bytes`);
  const foreign = isForeignLayer(mediaType) || (Array.isArray(urls) && urls.length > 0);
  return { mediaType, digest, size, foreign };
}

function annotationsOf(fields: Fields): Record<string, string> {
  const value = fields["annotations"];
  if (value === undefined || value === null) return {};
  if (!isFields(value)) throw bad("annotations must be an object of texts");
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw bad(`annotations[${JSON.stringify(shorten(key))}] is no text`);
      return [key, text];
    }),
  );
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  // Go clients write an empty list as null.
  if (value === null) return [];
  if (!Array.isArray(value)) throw bad(`${key} is missing or no list`);
  return value;
}

function optionalText(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" || !mediaTypePattern.test(value)) throw bad(`${key} is no media type`);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
