import type { CallOptions } from "./client.ts";

/** What plugins can be, by the words of their `Implements`. */
export type PluginKind = "VolumeDriver" | "NetworkDriver" | "IpamDriver" | "authz" | "LogDriver" | "MetricsCollector";

/** A program of its own that does part of the engine's work, ready to be called. */
export interface Plugin {
  /** As users name it. */
  readonly name: string;
  readonly implements: readonly string[];
  /** The engine itself runs it (`docker plugin enable`); otherwise it was found by its socket or its file. */
  readonly managed: boolean;
  /** Where on this machine the path lies that the plugin, in a root of its own, calls so. */
  hostPath(path: string): string;
  /**
   * Asks `Kind.Method` and returns the answer's JSON, which nobody has checked (see answer.ts). `body`: sent as JSON;
   * undefined: none. Retries where the plugin cannot be reached. Throws an Error with Docker's words.
   */
  call(method: string, body?: unknown, options?: CallOptions): Promise<unknown>;
  /** The same, for an answer that is a stream of bytes without an end that is known. */
  stream(method: string, body: unknown, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}
