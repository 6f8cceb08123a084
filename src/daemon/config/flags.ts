import { daemonOptions, optionByFlag, optionByShort } from "./options/all.ts";
import type { DaemonOption } from "./options/option.ts";

/** Flags given more than once add up, in order. */
export type GivenFlags = Map<string, { option: DaemonOption; values: string[] }>;

/** A command line, taken apart. `configFile` null: not given; `show` null: start the daemon. */
export interface DaemonArguments {
  given: GivenFlags;
  configFile: string | null;
  /** Check the configuration and go. */
  validate: boolean;
  show: "help" | "version" | null;
}

/** A command line that cannot be understood; the message is for the person at it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the arguments after `berth daemon`: `--name value`, `--name=value`, `-H value`, `-Hvalue`, `-D`. */
export function parseDaemonArguments(argv: readonly string[]): DaemonArguments {
  const parsed: DaemonArguments = { given: new Map(), configFile: null, validate: false, show: null };
  const rest = [...argv];
  const next = (name: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new UsageError(`flag needs an argument: ${name}`);
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    const short = /^-([A-Za-z])(.*)$/s.exec(word);
    const name = long?.[1] ?? short?.[1] ?? "";
    if (name === "help" || word === "-h") parsed.show = "help";
    else if (name === "version" || word === "-v") parsed.show ??= "version";
    else if (name === "validate") parsed.validate = (long?.[2] ?? "true") !== "false";
    else if (name === "config-file") parsed.configFile = long?.[2] ?? next("--config-file");
    else {
      const option = long ? optionByFlag.get(name) : optionByShort.get(name);
      if (!option) {
        if (!long && !short) throw new UsageError(`"berth daemon" accepts no arguments: ${word}`);
        throw new UsageError(long ? `unknown flag: --${name}` : `unknown shorthand flag: '${name}' in ${word}`);
      }
      const attached = long ? long[2] : short?.[2]?.replace(/^=/, "") || undefined;
      const value =
        attached ?? (option.kind === "boolean" ? "true" : next(long ? `--${name}` : `'${name}' in ${word}`));
      const entry = parsed.given.get(option.key) ?? { option, values: [] };
      entry.values.push(value);
      parsed.given.set(option.key, entry);
    }
  }
  return parsed;
}

/** The text of `berth daemon --help`. */
export function daemonHelp(): string {
  const rows: [string, string][] = daemonOptions.flatMap((option): [string, string][] => {
    if (!option.flag || option.support) return [];
    const type =
      option.type ?? { boolean: "", list: "list", map: "map", bytes: "bytes" }[String(option.kind)] ?? "string";
    const name = `${option.short ? `-${option.short},` : "   "} --${option.flag}${type && ` ${type}`}`;
    return [[name, option.help + (option.shown ? ` (default ${option.shown})` : "")]];
  });
  rows.push(["    --config-file string", "Daemon configuration file (default /etc/berth/daemon.json)"]);
  rows.push(
    ["    --help", "Print usage"],
    ["    --validate", "Validate daemon configuration and exit"],
    ["-v, --version", "Print version information and quit"],
  );
  rows.sort(([a], [b]) => (bare(a) < bare(b) ? -1 : 1));
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, help]) => `  ${name.padEnd(width)}   ${help}`);
  return (
    "\nUsage:  berth daemon [OPTIONS]\n\nA self-sufficient container engine, compatible with Docker.\n\nOptions:\n" +
    `${lines.join("\n")}\n`
  );
}

const bare = (name: string) => name.replace(/^.*?--/, "");
