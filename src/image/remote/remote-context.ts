import type { Semaphore } from "../../lib/lock.ts";
import type { ImageContext } from "../context.ts";
import type { RegistriesConfig } from "./endpoints.ts";

/** What pulling and pushing need besides the image store. */
export interface RemoteContext {
  images: ImageContext;
  /** Asked at each use, so that a reload of the configuration takes effect at once. */
  config: () => RegistriesConfig;
  /** `max-concurrent-downloads`, over all pulls. */
  downloads: Semaphore;
  /** `max-concurrent-uploads`, over all pushes. */
  uploads: Semaphore;
  /** Tries that a broken download gets (`max-download-attempts`). */
  attempts: number;
  userAgent: string;
}
