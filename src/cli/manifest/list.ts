import { CliError } from "../errors.ts";
import type { Reference } from "../reference.ts";
import { parseReference } from "../reference.ts";
import { listType } from "./registry.ts";
import type { StoredManifest } from "./store.ts";

/** The bytes of a manifest list, indented as docker writes it: its digest rests on them. */
export function manifestListBytes(target: Reference, manifests: readonly StoredManifest[]): Uint8Array {
  const entries = manifests.map(({ Ref, Descriptor: { mediaType, size, digest, platform } }) => {
    const from = parseReference(Ref).domain;
    if (from !== target.domain) {
      throw new CliError(
        `cannot use source images from a different registry than the target image: ${from} != ${target.domain}`,
      );
    }
    return { mediaType, size, digest, platform: platform ?? { architecture: "", os: "" } };
  });
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests: entries }, null, 3));
}
