import type { PluginConfig, PluginSettings } from "../api/types/plugin.ts";

/**
 * A plugin's life: made `disabled`; `enabling` until it answers; `enabled` whether its process lives or is about to be
 * started again; `disabling` until nothing of it runs.
 */
export type PluginPhase = "disabled" | "enabling" | "enabled" | "disabling";

/** A managed plugin as the database has it. */
export interface PluginRecord {
  id: string;
  /** As users name it, with its tag: `vieux/sshfs:latest`. */
  name: string;
  /** Reference that it came by, in the same form. */
  remote: string;
  phase: PluginPhase;
  /** Seconds that a call to it may take; 0: no limit. */
  timeout: number;
  /** Name of its root filesystem in its directory: an upgrade makes another. */
  rootfs: string;
  manifestDigest: string;
  config: PluginConfig;
  settings: PluginSettings;
  /** The manifest and all that it names. */
  blobs: string[];
}
