import { errorMessage, invalid } from "../../../lib/errors.ts";
import { type LogLimits, parseSize } from "../limits.ts";

/** Options by their names, as `--log-opt` gives them. */
export type LogOptions = Readonly<Record<string, string>>;

/** What becomes of a container's output. */
export interface LogDriver {
  /** As `--log-driver` and `GET /info` name it. */
  readonly name: string;
  /** As messages name it. */
  readonly title: string;
  /** The engine keeps the output: it can be read again. */
  readonly readable: boolean;
  /** Docker's file is written beside the engine's own, for programs that collect logs. */
  readonly collected: boolean;
  /** The options it takes, besides {@link modeOptions}. */
  readonly options: readonly string[];
  /** How much is kept under such options; null: nothing, the output is not readable. Throws `invalid`. */
  limits(options: LogOptions): LogLimits | null;
}

/** By name. */
export type LogDrivers = ReadonlyMap<string, LogDriver>;

/** The driver of daemons that are not told of another. */
export const defaultLogDriver = "json-file";

/** How the writer is coupled to the log; every driver takes them. The monitor always writes at once. */
export const modeOptions: readonly string[] = ["mode", "max-buffer-size"];

/**
 * `HostConfig.LogConfig`: null where no log is kept. Throws `invalid` with Docker's texts for unknown drivers and
 * options.
 */
export function parseLogConfig(drivers: LogDrivers, name: string, options: LogOptions): LogLimits | null {
  const driver = drivers.get(name);
  if (!driver) throw invalid(`logger: no log driver named '${name}' is registered`);
  const known = [...driver.options, ...modeOptions];
  for (const option of Object.keys(options))
    if (!known.includes(option)) throw invalid(`unknown log opt '${option}' for ${driver.title}`);
  validateMode(options);
  return driver.limits(options);
}

function validateMode(options: LogOptions): void {
  const mode = options["mode"] ?? "blocking";
  if (mode !== "blocking" && mode !== "non-blocking") throw invalid(`logger: logging mode not supported: ${mode}`);
  if (options["max-buffer-size"] !== undefined && mode !== "non-blocking") {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  try {
    parseSize(options["max-buffer-size"] ?? "1m");
  } catch (error) {
    throw invalid(`error parsing option max-buffer-size: ${errorMessage(error)}`);
  }
}
