/** Every command of the command line, as data. */
import { type Command, type CommandEntry, type CommandTable, isTable } from "../src/cli/command.ts";
import { groups } from "../src/cli/commands/registry.ts";

/** A command with its place. */
export interface PlacedCommand {
  /** Its nouns and its verb: `container run`. */
  home: string;
  entry: CommandEntry;
  command: Command;
}

/** All that are shown, in the order of their names. */
export async function allCommands(): Promise<PlacedCommand[]> {
  const found: PlacedCommand[] = [];
  const walk = async (prefix: string, table: CommandTable): Promise<void> => {
    for (const [name, entry] of Object.entries(table.commands)) {
      if (entry.hidden) continue;
      const loaded = (await entry.load()).default;
      const home = prefix === "" ? name : `${prefix} ${name}`;
      if (isTable(loaded)) await walk(home, loaded);
      else found.push({ home, entry, command: loaded });
    }
  };
  for (const [noun, group] of Object.entries(groups)) await walk(noun, (await group.load()).default);
  return found.sort((a, b) => (a.home < b.home ? -1 : 1));
}
