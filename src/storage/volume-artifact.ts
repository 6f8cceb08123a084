import { type Infer, string, stringMap, struct } from "../api/schema/schema.ts";
import { errorMessage, invalid } from "../lib/errors.ts";
import { parseJson } from "../lib/parse-json.ts";
import type { Descriptor, Manifest } from "../oci/image.ts";
import { mediaTypes } from "../oci/media-types.ts";

/**
 * A volume in a registry: an OCI manifest of this artifact type, whose configuration says what the volume was, and
 * whose one layer is its content, a tar archive as `volume export` gives it.
 */
const artifactType = "application/vnd.berth.volume.v1";
/** The media type of the configuration: JSON, a {@link VolumeConfig}. */
export const volumeConfigType = "application/vnd.berth.volume.config.v1+json";

/** What a volume was when it was backed up. */
export type VolumeConfig = Infer<typeof volumeConfig>;
const volumeConfig = struct({
  name: string,
  driver: string,
  labels: stringMap,
  options: stringMap,
  /** RFC 3339: when the volume, and when the backup was made. */
  created: string,
  backedUp: string,
});

/** The manifest of a volume, as it is sent. */
export function encodeVolumeManifest(config: Descriptor, layer: Descriptor, annotations: Record<string, string>) {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType,
    config,
    layers: [layer],
    annotations,
  };
  return Buffer.from(JSON.stringify(manifest));
}

/** Configuration and content of a manifest. Throws `invalid` where it is no volume's; `what` begins the text. */
export function volumeParts(manifest: Manifest, what: string): { config: Descriptor; layer: Descriptor } {
  const [layer, ...others] = manifest.layers;
  // Registries of before OCI 1.1 may drop the artifact type.
  const type = manifest.artifactType ?? manifest.config.mediaType;
  if (type !== artifactType && type !== volumeConfigType) throw invalid(`${what} is no backup of a volume: ${type}`);
  if (!layer || others.length > 0) throw invalid(`${what} is no backup of a volume: ${manifest.layers.length} layers`);
  return { config: manifest.config, layer };
}

/** Reads a configuration. Throws `invalid`. */
export function decodeVolumeConfig(content: Uint8Array): VolumeConfig {
  try {
    return volumeConfig(parseJson(new TextDecoder().decode(content)), "VolumeConfig");
  } catch (error) {
    throw invalid(`the backup's configuration cannot be read: ${errorMessage(error)}`, error);
  }
}
