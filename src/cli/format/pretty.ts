import { decodeJson } from "../../lib/parse-json.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { bool, string } from "../flags/kinds.ts";
import { inspectFormatHelp } from "./help.ts";
import { printInspection } from "./inspect.ts";
import type { ShapeName } from "./shapes/load.ts";

/** The options of inspect commands that also have a text for people. */
export const prettyFlags = {
  format: string(inspectFormatHelp, { short: "f" }),
  pretty: bool("Show the information in a form for people"),
};

export interface PrettyInspection<T> {
  kind: ShapeName;
  getRaw(name: string): Promise<string>;
  pretty(thing: T): string | Promise<string>;
  /** See {@link import("./inspect.ts").Inspected}. */
  rawToo?: boolean;
}

/** Runs an inspect command that has a text for people, behind `--pretty` or `--format pretty`. */
export async function printPretty<T>(
  deps: CommandDeps,
  names: readonly string[],
  flags: { format: string; pretty: boolean },
  { kind, getRaw, pretty, rawToo }: PrettyInspection<T>,
): Promise<void> {
  const format = flags.pretty ? "pretty" : flags.format;
  if (format.startsWith("pretty") && format !== "pretty")
    throw new CliError("cannot supply extra formatting options to the pretty template");
  if (format !== "pretty") return printInspection(deps, names, format, kind, getRaw, rawToo);
  // All or nothing, as Docker prints it.
  let text = "";
  for (const name of names) text += await pretty(decodeJson<T>(await getRaw(name)));
  deps.out.write(text);
}
