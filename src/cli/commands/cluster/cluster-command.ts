import { ApiError } from "../../../client/errors.ts";
import type { ArgsCheck } from "../../args.ts";
import { type CommandEntry, defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { Flag } from "../../flags/flag.ts";
import { bool } from "../../flags/kinds.ts";

export interface ClusterCommand {
  short: string;
  usage: string;
  args: ArgsCheck;
  aliases?: readonly string[];
  /** The engine's call that answers first; `NAME` stands for the first argument. */
  call: string;
  /** One call for each argument, each failure on its own line; `named`: after the argument's name. */
  each?: "plain" | "named";
  /** What Docker prints where nothing was found. */
  nothing?: string;
  /** What stands before the engine's words. */
  failure?: string;
  /** `name/letter:type=default`, with blanks between; a `!` at the end hides one. */
  flags?: string;
}

const unsupported = "this command line does not manage swarms: use Docker's own for the engines of one";

/**
 * A command of swarms. No engine of ours is part of one: what is asked goes to the engine, whose answer says so in the
 * words that programs look for. Other engines are asked only what changes nothing.
 */
export function clusterEntry(spec: ClusterCommand): CommandEntry {
  const { short, aliases } = spec;
  return { short, ...(aliases && { aliases }), load: () => Promise.resolve({ default: clusterCommand(spec) }) };
}

function clusterCommand({ usage, args, call, each, nothing, failure = "", flags = "" }: ClusterCommand) {
  return defineCommand({
    usage,
    args,
    flags: Object.fromEntries(flags.split(" ").filter(Boolean).map(flagOf)),
    async run(deps, words) {
      const client = await deps.client();
      const [wanted = "", place = ""] = call.split(" ");
      const [method, path] =
        wanted === "GET" || (await client.isBerth()) ? [wanted, place] : ["GET", `/${place.split("/")[1] ?? ""}`];
      const refused: string[] = [];
      for (const word of each ? words : [words[0] ?? ""]) {
        const name = word.split("=")[0] ?? "";
        try {
          const { body } = await client.stream(method, path.replace("NAME", encodeURIComponent(name || "self")));
          for await (const _ of body) {
            /* it is an answer to be thrown away */
          }
          refused.push(unsupported);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          refused.push(`${each === "named" ? `${name}: ` : failure}${error.message}`);
        }
      }
      if (nothing) deps.out.write(nothing);
      throw new CliError(refused.join("\n"));
    },
  });
}

/**
 * What the flag is for, its name says; it is read, so that a command line is refused for what the engine says of it.
 */
function flagOf(text: string): [string, Flag<unknown>] {
  const [, name = "", short, type = "", shown, hidden] =
    /^([^/:]+)(?:\/(.))?:([^=!]+)(?:=([^!]+))?(!)?$/.exec(text) ?? [];
  const words = name.replaceAll("-", " ");
  const help = words.charAt(0).toUpperCase() + words.slice(1);
  const options = { ...(short && { short }), ...(hidden && { hidden: true }), ...(shown && { shown }) };
  if (type === "bool") return [name, bool(help, options)];
  return [name, { type, help, initial: "", ...options, set: (_: unknown, value: string) => value }];
}
