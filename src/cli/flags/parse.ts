import { errorMessage } from "../../lib/errors.ts";
import type { Flag, Flags } from "./flag.ts";

/** A command line that the flags do not understand; the message is pflag's. */
export class FlagError extends Error {}

export interface Parsed {
  values: Record<string, unknown>;
  /** Long names of the flags that stood on the command line. */
  changed: Set<string>;
  args: string[];
  /** `--help` (or `-h` where no flag owns it) was met; parsing ended there. */
  help: boolean;
  /** Warnings of deprecated flags. */
  warnings: string[];
}

/**
 * Parses as spf13/pflag does: `--x=y`, `--x y`, `-xy`, `-x=y`, `-abc`, `--`. Where `interspersed` is false the
 * first argument that is no flag ends the flags (`run`, `exec`).
 */
export function parseFlags(flags: Flags, argv: readonly string[], interspersed = true): Parsed {
  const parsed: Parsed = { values: {}, changed: new Set(), args: [], help: false, warnings: [] };
  for (const name in flags) parsed.values[name] = flags[name]?.initial;
  let at = 0;
  while (at < argv.length && !parsed.help) {
    const arg = argv[at++] ?? "";
    if (arg === "--") {
      parsed.args.push(...argv.slice(at));
      break;
    }
    if (arg.length < 2 || arg[0] !== "-") {
      parsed.args.push(arg);
      if (interspersed) continue;
      parsed.args.push(...argv.slice(at));
      break;
    }
    at += arg[1] === "-" ? long(flags, arg, argv[at], parsed) : short(flags, arg, argv[at], parsed);
  }
  return parsed;
}

/** Takes one `--…`; returns how many further arguments it used. */
function long(flags: Flags, arg: string, next: string | undefined, parsed: Parsed): number {
  const at = arg.indexOf("=");
  const name = at < 0 ? arg.slice(2) : arg.slice(2, at);
  if (name === "" || name[0] === "-") throw new FlagError(`bad flag syntax: ${arg}`);
  const found = findLong(flags, name);
  if (!found) {
    if (name !== "help") throw new FlagError(`unknown flag: --${name}`);
    parsed.help = true;
    return 0;
  }
  if (at >= 0) {
    assign(found, name, arg.slice(at + 1), parsed);
    return 0;
  }
  if (found[1].bare !== undefined) {
    assign(found, name, found[1].bare, parsed);
    return 0;
  }
  if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
  assign(found, name, next, parsed);
  return 1;
}

/** Takes one `-abc`; returns how many further arguments it used. */
function short(flags: Flags, arg: string, next: string | undefined, parsed: Parsed): number {
  for (let i = 1; i < arg.length; i++) {
    const letter = arg[i] ?? "";
    const found = findShort(flags, letter);
    if (!found) {
      if (letter !== "h") throw new FlagError(`unknown shorthand flag: '${letter}' in -${arg.slice(i)}`);
      parsed.help = true;
      return 0;
    }
    const rest = arg.slice(i + 1);
    if (rest[0] === "=") {
      assign(found, found[0], rest.slice(1), parsed);
      return 0;
    }
    if (found[1].bare !== undefined) {
      assign(found, found[0], found[1].bare, parsed);
      continue;
    }
    if (rest !== "") {
      assign(found, found[0], rest, parsed);
      return 0;
    }
    if (next === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${arg.slice(i)}`);
    assign(found, found[0], next, parsed);
    return 1;
  }
  return 0;
}

function assign([name, flag]: [string, Flag<unknown>], spelled: string, text: string, parsed: Parsed): void {
  try {
    parsed.values[name] = flag.set(parsed.values[name], text);
  } catch (error) {
    const title = flag.short ? `-${flag.short}, --${spelled}` : `--${spelled}`;
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${title}" flag: ${errorMessage(error)}`);
  }
  if (flag.deprecated && !parsed.changed.has(name))
    parsed.warnings.push(`Flag --${name} has been deprecated, ${flag.deprecated}`);
  parsed.changed.add(name);
}

function findLong(flags: Flags, name: string): [string, Flag<unknown>] | undefined {
  const own = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (own) return [name, own];
  return Object.entries(flags).find(([, flag]) => flag.aliases?.includes(name));
}

function findShort(flags: Flags, letter: string): [string, Flag<unknown>] | undefined {
  return Object.entries(flags).find(([, flag]) => flag.short === letter);
}
