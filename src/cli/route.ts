import { type Command, type CommandEntry, type CommandTable, isTable } from "./command.ts";
import { groups, shortcuts } from "./commands/registry.ts";

/**
 * What a command line's first words name. A command's `path` is as invoked (`ps`), `home` where it lives (`container
 * ls`).
 */
export type Route =
  | { kind: "command"; path: string; home: string; entry: CommandEntry; command: Command; rest: string[] }
  | { kind: "table"; path: string; short: string; table: CommandTable; rest: string[] }
  | { kind: "unknown"; path: string; parent: string };

/** Finds the command that the words name; loads only the tables on its way and its own file. */
export async function findRoute(words: readonly string[]): Promise<Route> {
  const first = words[0] ?? "";
  const target = Object.hasOwn(shortcuts, first) ? shortcuts[first] : undefined;
  if (target !== undefined) {
    const [noun = "", verb = ""] = target.split(" ");
    const table = (await groups[noun]?.load())?.default;
    const entry = table?.commands[verb];
    if (entry) return leaf(entry, first, target, words.slice(1));
  }
  const group = Object.hasOwn(groups, first) && first !== "" ? groups[first] : undefined;
  if (group) return within((await group.load()).default, group.short, first, words.slice(1));
  const top = (await groups[""]?.load())?.default.commands;
  const entry = top && Object.hasOwn(top, first) ? top[first] : undefined;
  return entry ? leaf(entry, first, first, words.slice(1)) : { kind: "unknown", path: first, parent: "" };
}

async function within(table: CommandTable, short: string, path: string, words: readonly string[]): Promise<Route> {
  const verb = words[0] ?? "";
  if (verb === "" || verb[0] === "-") return { kind: "table", path, short, table, rest: [...words] };
  const own = Object.hasOwn(table.commands, verb) ? table.commands[verb] : undefined;
  const [name, entry] = own
    ? [verb, own]
    : (Object.entries(table.commands).find(([, { aliases }]) => aliases?.includes(verb)) ?? []);
  if (!name || !entry) return { kind: "unknown", path: `${path} ${verb}`, parent: path };
  return leaf(entry, `${path} ${name}`, `${path} ${name}`, words.slice(1));
}

async function leaf(entry: CommandEntry, path: string, home: string, rest: readonly string[]): Promise<Route> {
  const loaded = (await entry.load()).default;
  if (isTable(loaded)) return within(loaded, entry.short, path, rest);
  return { kind: "command", path, home, entry, command: loaded, rest: [...rest] };
}
