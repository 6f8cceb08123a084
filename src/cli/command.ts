/**
 * A command as data. A file under commands/<noun>/ exports one by default; its noun's index.ts names it and
 * says how to load it, so that a call loads only its own file.
 */
import type { ArgsCheck } from "./args.ts";
import type { CommandDeps } from "./deps.ts";
import type { Flags, FlagValues } from "./flags/flag.ts";

export interface Command<F extends Flags = Flags> {
  /**
   * What follows the command's name in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`; further lines need the
   * program's name.
   */
  readonly usage: string | ((program: string) => string);
  readonly args: ArgsCheck;
  readonly flags: F;
  /** False: the first argument ends the flags (`run`, `exec`). Default true. */
  readonly interspersed?: boolean;
  /** Printed under the short description by `--help`. */
  readonly long?: string | ((program: string) => string);
  /** Every word that follows is an argument, flags of its own it has none. */
  readonly verbatim?: boolean;
  /** Ends well by returning; a returned number is the exit code. */
  run(deps: CommandDeps, args: readonly string[], flags: FlagValues<F>): Promise<number | void>;
}

export function defineCommand<F extends Flags>(command: Command<F>): Command<F> {
  return command;
}

/** How a command stands in its noun's table. */
export interface CommandEntry {
  /** One line for listings and `--help`. */
  readonly short: string;
  /** Other names under the same noun: `ls` is also `list`, `ps`. */
  readonly aliases?: readonly string[];
  /** Full paths elsewhere that run the same command, in the order that `--help` lists them: `["ps"]`. */
  readonly also?: readonly string[];
  readonly hidden?: boolean;
  /** A command, or the table of a noun below this one (`trust key`). */
  load(): Promise<{ default: Command | CommandTable }>;
}

/** A noun's commands; the default export of commands/<noun>/index.ts. */
export interface CommandTable {
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

/** A table of commands, checked. */
export function defineTable(commands: Readonly<Record<string, CommandEntry>>): CommandTable {
  return { commands };
}

export function isTable(value: Command | CommandTable): value is CommandTable {
  return "commands" in value;
}
