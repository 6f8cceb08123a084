import { type Annotation, parseAnnotation } from "../../../builder/export/annotations.ts";
import type { PackForm } from "../../../builder/export/pack.ts";
import { invalid } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import { quote } from "../../../lib/go-quote.ts";
import type { Compression } from "../../../oci/media-types.ts";
import { parseReference, type Reference } from "../../../oci/reference.ts";
import type { Attributes } from "./exporter.ts";

/** What exporters that make images have in common. */
export interface ImageAttributes {
  /** As the client wrote them, some without a tag. */
  names: Reference[];
  form: PackForm;
  annotations: Annotation[];
}

/** Reads them. Throws `invalid`. */
export function imageAttributes(attributes: Attributes): ImageAttributes {
  const compression = attributes.get("compression");
  if (compression !== undefined && !isCompression(compression))
    throw invalid(`unsupported compression type ${compression}`);
  const level = attributes.get("compression-level");
  if (level !== undefined && !/^\d+$/.test(level))
    throw invalid(`non-int value ${level} specified for compression-level`);
  return {
    names: (attributes.get("name") ?? "").split(",").filter(Boolean).map(parseReference),
    form: {
      ...(compression !== undefined && { compression: compressions[compression] }),
      force: flag(attributes, "force-compression"),
      ...(level !== undefined && { level: Number(level) }),
      docker: !flag(attributes, "oci-mediatypes", true),
    },
    annotations: [...attributes].flatMap(([key, value]) => annotationsOf(key, value)),
  };
}

/** What exporters that give files have in common. */
export interface FileAttributes {
  /** Those of each platform in a folder of its own; undefined: where there are several. */
  split: boolean | undefined;
  /** Stands before the names of attestations. */
  prefix: string;
}

/** Reads them. Throws `invalid`. */
export function fileAttributes(attributes: Attributes): FileAttributes {
  const prefix = attributes.get("attestation-prefix") ?? "";
  if (prefix.includes("/")) throw invalid(`attestation-prefix ${quote(prefix)} leads out of the folder`);
  return { split: attributes.has("platform-split") ? flag(attributes, "platform-split") : undefined, prefix };
}

/** An attribute that is true or false; empty is true. Throws `invalid`. */
export function flag(attributes: Attributes, name: string, otherwise = false): boolean {
  const text = attributes.get(name);
  if (text === undefined) return otherwise;
  const value = text === "" ? true : goBoolean(text);
  if (value === null)
    throw invalid(
      `non-bool value ${text} specified for ${name}: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`,
    );
  return value;
}

const compressions = { uncompressed: "none", gzip: "gzip", zstd: "zstd" } as const satisfies Record<
  string,
  Compression
>;
const isCompression = (text: string): text is keyof typeof compressions => Object.hasOwn(compressions, text);

/** `annotation.KEY`, `annotation-index.KEY`, `annotation-manifest[linux/amd64].KEY`; undefined: it is none. */
function annotationsOf(name: string, value: string): Annotation[] {
  const [, level = "manifest", platform = "", key] =
    /^annotation(?:-([a-z-]+))?(\[[A-Za-z0-9_/-]+\])?\.(.+)$/.exec(name) ?? [];
  return key === undefined ? [] : parseAnnotation(`${level}${platform}:${key}=${value}`);
}
