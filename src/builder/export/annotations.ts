import { invalid } from "../../lib/errors.ts";
import type { Platform } from "../../oci/image.ts";
import { formatPlatform, normalize, parsePlatform } from "../../oci/platform.ts";

/** Where an annotation goes: into a manifest or index, or into the descriptor that names it. */
export type AnnotationLevel = "manifest" | "manifest-descriptor" | "index" | "index-descriptor";

/** An annotation of the result: of its manifests, of an index, or of the entries that name these. */
export interface Annotation {
  level: AnnotationLevel;
  /** Only for the image of this platform. */
  platform: string | undefined;
  key: string;
  value: string;
}

const levels: ReadonlySet<string> = new Set<AnnotationLevel>([
  "manifest",
  "manifest-descriptor",
  "index",
  "index-descriptor",
]);
const isLevel = (text: string): text is AnnotationLevel => levels.has(text);

/**
 * `[level[,level][platform]:]key=value`, as `--annotation` has it: `index:a=b`, `manifest[linux/arm64],index:a=b`.
 * Throws `invalid`.
 */
export function parseAnnotation(text: string): Annotation[] {
  const equals = text.indexOf("=");
  if (equals < 1) throw invalid(`invalid value ${JSON.stringify(text)} provided for annotation, expected key=value`);
  const [left, value] = [text.slice(0, equals), text.slice(equals + 1)];
  const match = /^((?:manifest|index)[^:]*):(.+)$/.exec(left);
  const [types, key] = match ? [match[1] ?? "", match[2] ?? ""] : ["manifest", left];
  return types.split(",").map((type) => {
    const [, level = "", platform] = /^([a-z-]+)(?:\[([^\]]+)\])?$/.exec(type) ?? [];
    if (!isLevel(level)) throw invalid(`unknown annotation type ${JSON.stringify(type)}`);
    return {
      level,
      platform: platform === undefined ? undefined : formatPlatform(parsePlatform(platform)),
      key,
      value,
    };
  });
}

/** Those of a level that are for an image of this platform. */
export function annotationsFor(
  annotations: readonly Annotation[],
  level: AnnotationLevel,
  platform: Platform | undefined,
): Record<string, string> {
  const own = platform && formatPlatform(normalize(platform));
  return Object.fromEntries(
    annotations
      .filter((each) => each.level === level && (each.platform === undefined || each.platform === own))
      .map(({ key, value }) => [key, value]),
  );
}
