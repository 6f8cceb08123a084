import { parseBytes } from "../../../lib/bytes.ts";
import { errorMessage, invalid } from "../../../lib/errors.ts";
import { goBoolean } from "../../../lib/go-boolean.ts";
import type { LogEntry } from "../entry.ts";
import { explainedLimits, type LogLimits, rotationOptions } from "../limits.ts";
import type { LogPart } from "../read.ts";
import type { LogInfo, Sends } from "../send/receiver.ts";

/** Options by their names, as `--log-opt` gives them. */
export type LogOptions = Readonly<Record<string, string>>;

/** What becomes of a container's output. */
export interface LogDriver {
  /** As `--log-driver` and `GET /info` name it. */
  readonly name: string;
  /** What is said of an option that it does not have. */
  unknownOption(option: string): string;
  /** The engine keeps the output. */
  readonly kept: boolean;
  /** Whether it can be read again under such options. */
  readable(options: LogOptions): boolean;
  /** Docker's file is written beside the engine's own, for programs that collect logs. */
  readonly collected: boolean;
  /** The options it takes, besides {@link commonOptions}. Absent: any. */
  readonly options?: readonly string[];
  /** How much is kept under such options; null: nothing. Throws `invalid`. */
  limits(options: LogOptions): LogLimits | null;
  /** Lines are sent elsewhere as well. */
  readonly sends?: Sends;
  /** What was sent can be read where it went. */
  readonly readBack?: ReadBack;
}

/**
 * How a container's log is read where it was sent to; null: not, or not now, and the engine's own log is read.
 * `path`: the engine's own log. `running`: the container runs, so lines are being sent. `sent`: resolves when what one
 * that has ended wrote is sent, or that takes too long.
 */
export type ReadBack = (
  info: LogInfo,
  about: { path: string; running: boolean; sent: () => Promise<void> },
) => Promise<LogReader | null>;

/** Gives the entries of that part, oldest first. */
export type LogReader = (part: LogPart) => AsyncIterable<LogEntry[]>;

/** The driver of daemons that are not told of another. */
export const defaultLogDriver = "json-file";

/** How the writer is coupled to the log, and how a log that is sent is kept; every driver takes them. */
export const commonOptions: readonly string[] = [
  "mode",
  "max-buffer-size",
  "cache-disabled",
  "cache-max-size",
  "cache-max-file",
  "cache-compress",
];

/** Options that choose what goes with each line. */
export const attributeOptions: readonly string[] = ["labels", "labels-regex", "env", "env-regex", "tag"];

/** The options of a log: null where none is kept. Throws `invalid` with Docker's texts. */
export function parseLogOptions(driver: LogDriver, options: LogOptions): LogLimits | null {
  // As Docker: it is never asked for anything.
  if (!driver.kept) return null;
  validateMode(options);
  validateCache(options);
  if (driver.options) {
    const known = [...driver.options, ...commonOptions];
    for (const option of Object.keys(options)) if (!known.includes(option)) throw invalid(driver.unknownOption(option));
  }
  driver.sends?.check(options);
  return driver.limits(options);
}

function validateMode(options: LogOptions): void {
  const mode = options["mode"] ?? "blocking";
  if (mode !== "blocking" && mode !== "non-blocking") throw invalid(`logger: logging mode not supported: ${mode}`);
  if (options["max-buffer-size"] !== undefined && mode !== "non-blocking") {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  try {
    parseBytes(options["max-buffer-size"] ?? "1m");
  } catch (error) {
    throw invalid(`error parsing option max-buffer-size: ${errorMessage(error)}`);
  }
}

function validateCache(options: LogOptions): void {
  const disabled = options["cache-disabled"];
  if (disabled !== undefined && goBoolean(disabled) === null)
    throw invalid(`invalid value for option cache-disabled: ${disabled}`);
}

/** Bytes that may wait for a receiver that lags; null: as much as the log keeps. */
export function sendBuffer(options: LogOptions): number | null {
  return options["mode"] === "non-blocking" ? parseBytes(options["max-buffer-size"] ?? "1m") : null;
}

/** A driver that sends lines elsewhere, keeping a log from which it does so and that can be read. */
export function sendingDriver(
  driver: Pick<LogDriver, "name"> & Partial<LogDriver> & Required<Pick<LogDriver, "sends">>,
): LogDriver {
  return {
    kept: true,
    collected: false,
    readable: (options) => goBoolean(options["cache-disabled"] ?? "false") !== true,
    limits: cacheLimits,
    unknownOption: (option) => `unknown log opt '${option}' for ${driver.name} log driver`,
    ...driver,
  };
}

function cacheLimits(options: LogOptions): LogLimits {
  const given = rotationOptions.flatMap((name) => {
    const value = options[`cache-${name}`];
    return value === undefined ? [] : [[name, value] as const];
  });
  return explainedLimits(
    Object.fromEntries(given),
    (name, _value, reason) => `invalid value for option cache-${name}: ${reason}`,
  );
}
