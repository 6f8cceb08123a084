import type { Semaphore } from "../../lib/lock.ts";
import type { ImageDeps } from "../deps.ts";
import type { RegistriesConfig } from "./endpoints.ts";

/** What pulling and pushing need besides the image store. */
export interface RemoteDeps {
  images: ImageDeps;
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
