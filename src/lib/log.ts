/** Structured log lines on standard error, logfmt as dockerd writes them: `time=… level=… msg="…" key=value`. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

/** What a line of the log says besides its message. A field that is undefined is left out. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/**
 * Writes lines to standard error, as `text` (`time=… level=… msg=…`, dockerd's form) or one JSON object each. Lines
 * below `level` are dropped; `level` may be changed at any time.
 */
export class Logger {
  constructor(
    public level: LogLevel = "info",
    private readonly format: "text" | "json" = "text",
    private readonly write: (line: string) => void = (line) => void process.stderr.write(line),
  ) {}

  debug(msg: string, fields?: LogFields) {
    this.#emit("debug", msg, fields);
  }
  info(msg: string, fields?: LogFields) {
    this.#emit("info", msg, fields);
  }
  warn(msg: string, fields?: LogFields) {
    this.#emit("warn", msg, fields);
  }
  error(msg: string, fields?: LogFields) {
    this.#emit("error", msg, fields);
  }

  #emit(level: LogLevel, msg: string, fields: LogFields = {}) {
    if (rank[level] < rank[this.level]) return;
    const time = new Date().toISOString();
    if (this.format === "json") {
      this.write(`${JSON.stringify({ level, msg, time, ...fields })}\n`);
      return;
    }
    let line = `time="${time}" level=${level} msg=${JSON.stringify(msg)}`;
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      line += ` ${key}=${typeof value === "string" && !/^[\w./:@-]+$/.test(value) ? JSON.stringify(value) : value}`;
    }
    this.write(`${line}\n`);
  }
}

/** A logger that writes nothing. */
export const silent = new Logger("fatal", "text", () => {});
