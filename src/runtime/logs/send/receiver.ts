import type { SentLine } from "./sent-line.ts";

/** What receivers are told of the container whose lines they get. */
export interface LogInfo {
  containerId: string;
  /** Without the leading slash. */
  containerName: string;
  /** `sha256:…`; empty for a container without an image. */
  imageId: string;
  /** As the client wrote it. */
  imageName: string;
  /** The program and its arguments. */
  command: readonly string[];
  /** RFC 3339 with nanoseconds. */
  created: string;
  /** `NAME=value`. */
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** The options of the log. */
  options: Readonly<Record<string, string>>;
  /** The option `tag`, filled in; by default the id's first twelve digits. */
  tag: string;
  /** The labels and variables that the options name. */
  attributes: Readonly<Record<string, string>>;
  /** The machine's name. */
  hostname: string;
}

/**
 * Where a driver sends lines, connected. When the signal that it was opened with is aborted, it closes at once, and
 * what waits for it fails.
 */
export interface Receiver {
  /** Milliseconds between two sendings where few lines come; absent: soon. */
  interval?: number;
  /**
   * Resolves when they are handed over, as far as the protocol tells. Where it throws, some of them may have come; the
   * receiver is of no more use then.
   */
  send(lines: readonly SentLine[]): Promise<void>;
  /** Resolves when the connection has ended in good order. */
  close(): Promise<void>;
}

/** How a driver sends lines elsewhere. */
export interface Sends {
  /** Throws `invalid` for what cannot be right whatever the container: its creation is refused. */
  check(options: Readonly<Record<string, string>>): void;
  /** Connects. Throws in Docker's words. */
  open(info: LogInfo, signal: AbortSignal): Promise<Receiver>;
  /** A container starts also while the receiver is away. */
  mayBeAway?(options: Readonly<Record<string, string>>): boolean;
  /** Milliseconds between two tries to reach it, where an option says so. */
  retryAfter?(options: Readonly<Record<string, string>>): number | undefined;
}

/** The receiver is there and does not take these lines, nor would it the next time: they are lost. */
export class LinesRefused extends Error {
  override readonly name = "LinesRefused";
}

/** A connection without acknowledgements broke: what was written to it shortly before may not have come either. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  /** When, in milliseconds since 1970. */
  readonly at = Date.now();
}
