import type { Reference } from "../../oci/reference.ts";

/** One image in an archive, whatever the archive's format. */
export interface FoundImage {
  /** The configuration file as it is. */
  config: Uint8Array;
  /** Base first: a file of the archive each. `mediaType` where the archive says it. */
  layers: { name: string; mediaType?: string }[];
  /** The manifest as it is, where the archive has one (OCI). */
  manifest?: Uint8Array;
}

/** What one entry of an archive stands for: an image, or images of several platforms with their index. */
export interface FoundEntry {
  /** At least one. */
  images: FoundImage[];
  names: Reference[];
  index?: {
    content: Uint8Array;
    /** Files of the archive besides the images: attestations, and what they name. By digest. */
    blobs: string[];
  };
}
