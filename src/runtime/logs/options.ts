import { invalid } from "../../lib/errors.ts";

/** How a container's log is kept. */
export interface LogLimits {
  /** Bytes of one file before it is put aside; null: no limit. */
  maxSize: number | null;
  /** The live file and those put aside. */
  maxFiles: number;
  /** Those put aside are compressed. */
  compress: boolean;
}

/** What is kept without a word: 20 MB five times, compressed. */
export const defaultLogLimits: LogLimits = { maxSize: 20 * 1000 * 1000, maxFiles: 5, compress: true };

/** Log drivers of this engine. */
export const logDrivers: readonly string[] = ["local", "json-file", "none"];

const rotationOptions = ["max-size", "max-file", "compress"];
/** Options of Docker's json-file that change what each line carries. */
const attributeOptions = ["labels", "labels-regex", "env", "env-regex", "tag"];
/** How the writer is coupled to the log. The monitor always writes at once. */
const modeOptions = ["mode", "max-buffer-size"];

/**
 * `HostConfig.LogConfig`: null where no log is kept. Throws `invalid` with Docker's texts for unknown drivers and
 * options.
 */
export function parseLogConfig(driver: string, options: Readonly<Record<string, string>>): LogLimits | null {
  if (!logDrivers.includes(driver)) throw invalid(`logger: no log driver named '${driver}' is registered`);
  const known = driver === "none" ? modeOptions : driver === "local" ? [...rotationOptions, ...modeOptions] : [...rotationOptions, ...attributeOptions, ...modeOptions];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw invalid(`unknown log opt '${name}' for ${driver} log driver`);
  }
  validateMode(options);
  if (driver === "none") return null;
  const size = options["max-size"];
  const count = options["max-file"];
  const limits: LogLimits = {
    maxSize: size === undefined ? defaultLogLimits.maxSize : parseSize(size),
    // Docker's json-file keeps one file where only its size is named; who sets a limit there means all of it.
    maxFiles: count !== undefined ? parseCount(count) : driver === "json-file" && size !== undefined ? 1 : defaultLogLimits.maxFiles,
    compress: defaultLogLimits.compress,
  };
  if (options["compress"] !== undefined) limits.compress = parseBool(options["compress"]);
  else if (driver === "json-file" && size !== undefined) limits.compress = false;
  if (options["compress"] !== undefined && limits.compress && (limits.maxFiles < 2 || limits.maxSize === null)) {
    throw invalid("compress cannot be true when max-file is less than 2 or max-size is not set");
  }
  return limits;
}

function validateMode(options: Readonly<Record<string, string>>): void {
  const mode = options["mode"] ?? "blocking";
  if (mode !== "blocking" && mode !== "non-blocking") throw invalid(`logger: logging mode not supported: ${mode}`);
  if (options["max-buffer-size"] !== undefined && mode !== "non-blocking") {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
}

const units: Record<string, number> = { "": 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** Docker's decimal sizes: `20m`, `1.5g`, `10kb`; `-1`: no limit. */
function parseSize(text: string): number | null {
  if (text.trim() === "-1") return null;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)b?$/i.exec(text.trim());
  const unit = units[match?.[2]?.toLowerCase() ?? ""];
  const size = Math.floor(Number(match?.[1]) * (unit ?? 1));
  if (!match) throw invalid(`invalid size: '${text}'`);
  if (size <= 0) throw invalid("max-size must be a positive number");
  return size;
}

function parseCount(text: string): number {
  if (!/^-?\d+$/.test(text)) throw invalid(`invalid value for max-file: ${text}`);
  const count = Number(text);
  if (count < 1) throw invalid("max-file cannot be less than 1");
  return count;
}

function parseBool(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw invalid(`invalid value for compress: ${text}`);
}
