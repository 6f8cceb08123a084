import type { OciImageConfigFile, Platform } from "../oci/image.ts";

/** One image that the engine holds whole: its configuration and every layer, unpacked. */
export interface ImageRecord {
  /** `sha256:…`: digest of the configuration file. */
  id: string;
  config: OciImageConfigFile;
  /** Base first. `chainIds[i]` names the root filesystem made of layers 0…i. */
  chainIds: string[];
  /** Digests of the uncompressed layers, base first. */
  diffIds: string[];
  /** Bytes of the unpacked layers. */
  size: number;
  /** RFC 3339, as the configuration says; empty where it does not. */
  created: string;
  /** As people write them: `busybox:latest`, `ghcr.io/a/b:1`. */
  repoTags: string[];
  /** `busybox@sha256:…` */
  repoDigests: string[];
  /** The manifest it was pulled or loaded by, where there was one. */
  manifestDigest?: string;
  platform: Platform;
  /** The image it was built or committed upon here; empty where that is unknown. */
  parentId: string;
  /** RFC 3339; when a name was last put on it, empty where never. */
  lastTagged: string;
}
