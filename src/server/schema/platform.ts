import { list, object, string } from "../../api/schema/schema.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import type { Platform } from "../../oci/image.ts";

const schema = object<Partial<Platform>>({
  os: string,
  architecture: string,
  variant: string,
  "os.version": string,
  "os.features": list(string),
});

/** A platform as JSON, the way parameters carry it. Throws `invalid`. */
export function decodePlatform(text: string): Platform {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw invalid(`failed to parse platform: ${errorMessage(error)}`);
  }
  const { os, architecture, ...rest } = schema(value, "Platform");
  if (!os && !architecture && Object.keys(rest).length > 0)
    throw invalid("optional platform fields provided, but OS and Architecture are missing");
  if (!os || !architecture) throw invalid("both OS and Architecture must be provided");
  return { os, architecture, ...rest };
}

/** The `platforms` parameter, given once for each platform, each as JSON. Throws `invalid`. */
export function decodePlatforms(texts: readonly string[]): Platform[] {
  return texts.map(decodePlatform);
}
