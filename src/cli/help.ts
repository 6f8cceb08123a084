import type { Command, CommandEntry, CommandTable } from "./command.ts";
import { commonCommands, groups, managementOrder, shortcuts, swarmOrder } from "./commands/registry.ts";
import type { Host } from "./deps.ts";
import type { Flag, Flags } from "./flags/flag.ts";
import type { Plugin } from "./plugins/plugin.ts";

/** Help texts in docker's layout. */
export function commandHelp(
  program: string,
  name: string,
  home: string,
  entry: CommandEntry,
  command: Command,
  host: Host,
): string {
  const aliases = aliasPaths(program, home, entry);
  return `${[
    `Usage:  ${name} ${said(command.usage, program)}`.trimEnd(),
    command.long === undefined ? entry.short : said(command.long, program),
    ...(aliases.length > 1 ? [`Aliases:\n  ${aliases.join(", ")}`] : []),
    ...(hasVisible(command.flags) ? [`Options:\n${flagLines(command.flags, width(host))}`] : []),
  ].join("\n\n")}\n`;
}

/** A text of a command, which may name the program. */
export function said(text: string | ((program: string) => string), program: string): string {
  return typeof text === "string" ? text : text(program);
}

function aliasPaths(program: string, home: string, { aliases = [], also = [] }: CommandEntry): string[] {
  const noun = home.slice(0, home.lastIndexOf(" ") + 1);
  return [home, ...aliases.map((alias) => noun + alias), ...also].map((path) => `${program} ${path}`);
}

export function tableHelp(name: string, short: string, table: CommandTable): string {
  return (
    `Usage:  ${name} COMMAND\n\n${short}\n\nCommands:\n${commandLines(table.commands)}\nRun '${name} COMMAND ` +
    "--help' for more information on a command.\n"
  );
}

export async function rootHelp(program: string, flags: Flags, host: Host, plugins: readonly Plugin[]): Promise<string> {
  const tables = new Map<string, CommandTable>();
  for (const noun in groups) {
    const group = groups[noun];
    if (group) tables.set(noun, (await group.load()).default);
  }
  const top = tables.get("")?.commands ?? {};
  const entryOf = (verb: string): CommandEntry | undefined => {
    const [noun = "", name = ""] = (shortcuts[verb] ?? ` ${verb}`).split(" ");
    return tables.get(noun)?.commands[name];
  };
  const pick = (verbs: readonly string[]) =>
    Object.fromEntries(
      verbs.flatMap((verb) => {
        const entry = entryOf(verb);
        return entry && !entry.hidden ? [[verb, entry] as const] : [];
      }),
    );
  const rest = [...Object.keys(shortcuts), ...Object.keys(top)].filter((verb) => !commonCommands.includes(verb)).sort();
  const shown = (order: readonly string[]) =>
    order.flatMap((noun) => {
      const group = groups[noun];
      return group && Object.keys(tables.get(noun)?.commands ?? {}).length > 0
        ? [[noun, { short: group.short }] as const]
        : [];
    });
  const called = plugins
    .filter(({ Err }) => Err === undefined)
    .map(
      ({ Name, ShortDescription = "", Hidden = false }) =>
        [`${Name}*`, { short: ShortDescription, hidden: Hidden }] as const,
    );
  const broken = plugins.flatMap(({ Name, Err }) => (Err === undefined ? [] : [[Name, { short: Err }] as const]));
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);
  return `Usage:  ${program} [OPTIONS] COMMAND

A container engine, wire-compatible with Docker

Common Commands:
${commandLines(pick(commonCommands))}
Management Commands:
${commandLines(Object.fromEntries([...shown(managementOrder), ...called].sort(byName)))}
Swarm Commands:
${commandLines(Object.fromEntries(shown(swarmOrder)))}
Commands:
${commandLines(pick(rest))}${
  broken.length > 0
    ? `
Invalid Plugins:
${commandLines(Object.fromEntries(broken))}`
    : ""
}
Global Options:
${flagLines(flags, width(host))}

Run '${program} COMMAND --help' for more information on a command.
`;
}

function commandLines(commands: Readonly<Record<string, Pick<CommandEntry, "short" | "hidden">>>): string {
  const listed = Object.entries(commands).filter(([, { hidden }]) => !hidden);
  const widest = Math.max(0, ...listed.map(([name]) => name.length), 11 - 1);
  return listed.map(([name, { short }]) => `  ${name.padEnd(widest)}  ${short}\n`).join("");
}

function hasVisible(flags: Flags): boolean {
  return Object.values(flags).some(({ hidden }) => !hidden);
}

/** The options table: names in alphabetical order, descriptions wrapped at the width. */
export function flagLines(flags: Flags, columns: number): string {
  const rows = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, flag]) =>
        [
          `  ${flag.short ? `-${flag.short}, ` : "    "}--${name}${flag.type === "" ? "" : ` ${flag.type}`}`,
          `${flag.help}${shownDefault(flag)}`,
        ] as const,
    );
  const indent = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.map(([left, help]) => `${left.padEnd(indent)}${wrap(help, indent, columns)}`).join("\n");
}

function shownDefault({ shown, type }: Flag<unknown>): string {
  if (shown === undefined) return "";
  return ` (default ${type === "string" ? JSON.stringify(shown) : shown})`;
}

/** Breaks at spaces so that lines stay within the columns; a description's own line breaks are kept. */
function wrap(text: string, indent: number, columns: number): string {
  const room = Math.max(24, columns - indent);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > room) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

function width(host: Host): number {
  const [columns] = host.out.size();
  return columns > 0 ? columns : 80;
}
