import { notImplemented } from "../lib/errors.ts";
import type { OciImageConfig } from "../oci/image.ts";
import type { ImageContext } from "./context.ts";
import type { ImageRecord } from "./record.ts";

export interface CommitRootfsRequest {
  containerId: string;
  /** The image that the container was made of. */
  parent: ImageRecord | null;
  /** The whole run configuration of the new image, changes applied. */
  config: OciImageConfig;
  author?: string;
  comment?: string;
  /** `created_by` of the history: the container's command. */
  createdBy?: string;
  /** Name for it, as the user wrote it (`repo:tag`). */
  ref?: string;
}

/** Makes an image of a container's root filesystem. The caller pauses the container where that is wanted. */
export async function commitRootfs(_ctx: ImageContext, request: CommitRootfsRequest): Promise<ImageRecord> {
  throw notImplemented("commitRootfs");
}
