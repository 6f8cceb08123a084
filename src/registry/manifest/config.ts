import { parseJson } from "../../lib/parse-json.ts";
import type { OciImageConfigFile } from "../../oci/image.ts";
import type { BlobStorage } from "../storage/storage.ts";

const largest = 4 * 1024 * 1024;

/**
 * An image's configuration file, for what people are shown of it; its fields come from outside. Undefined where there
 * is none that can be read.
 */
export async function readImageConfig(
  storage: BlobStorage,
  digest: string,
): Promise<Partial<OciImageConfigFile> | undefined> {
  const content = await storage.read(digest, largest);
  if (!content) return undefined;
  try {
    const value: unknown = parseJson(new TextDecoder().decode(content));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `linux/arm64/v8`; undefined where nothing is said. */
export function platformText(
  platform: { os?: string; architecture?: string; variant?: string } | undefined,
): string | undefined {
  if (!platform?.os || !platform.architecture || platform.os === "unknown") return undefined;
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}
