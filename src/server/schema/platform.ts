import { errorMessage, invalid } from "../../lib/errors.ts";
import type { Platform } from "../../oci/image.ts";
import { list, object, string, type Schema } from "./schema.ts";

const schema: Schema<Partial<Platform>> = object<{ os?: string; architecture?: string; variant?: string; "os.version"?: string; "os.features"?: string[] }>({
  os: string, architecture: string, variant: string, "os.version": string, "os.features": list(string),
});

/** A platform as JSON, the way parameters carry it. Throws `invalid`. */
export function decodePlatform(text: string): Platform {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`failed to parse platform: ${errorMessage(error)}`);
  }
  const { os, architecture, ...rest } = schema(value, "Platform");
  if (!os && !architecture && Object.keys(rest).length > 0) throw invalid("optional platform fields provided, but OS and Architecture are missing");
  if (!os || !architecture) throw invalid("both OS and Architecture must be provided");
  return { os, architecture, ...rest };
}

export function decodePlatforms(texts: readonly string[]): Platform[] {
  return texts.map(decodePlatform);
}
