import { own } from "../../lib/own.ts";
import { type CommandEntry, isTable } from "../command.ts";
import { groups, shortcuts } from "../commands/registry.ts";
import type { CommandDeps } from "../deps.ts";
import type { Flag, Flags } from "../flags/flag.ts";
import { globalFlags } from "../globals.ts";
import { homeOf } from "../home.ts";
import { type Plugin, shownPlugins } from "../plugins/plugin.ts";
import { findPlugin } from "../plugins/run.ts";
import { filterKeys, flagKind, type Kind, positionalKind } from "./kinds.ts";
import { type Candidate, namesOf } from "./names.ts";

/** What may stand in place of the last word, and what the shell is to add to it by itself. */
export interface Completion {
  candidates: Candidate[];
  /** `files` and `directories`: the shell completes them. `nospace`: the word goes on after the candidate. */
  also: "none" | "files" | "directories" | "nospace";
}

const nothing: Completion = { candidates: [], also: "none" };

/** Completes the last of the words that follow the program's name; it may be empty. */
export async function complete(deps: CommandDeps, words: readonly string[]): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const scan = await readLine(words.slice(0, -1), globalFlags(homeOf(deps.env)));
  const matching = ({ candidates, also }: Completion): Completion => ({
    candidates: candidates.filter(({ value }) => value.startsWith(current)),
    also,
  });
  if (scan.awaiting) return matching(await flagValue(deps, scan, scan.awaiting, current));
  if (current.startsWith("-") && !scan.flagsEnded) {
    const at = current.indexOf("=");
    if (current.startsWith("--") && at > 0) {
      const name = current.slice(2, at);
      const { candidates, also } = await flagValue(deps, scan, name, current.slice(at + 1));
      return matching({
        candidates: candidates.map(({ value, help }) => ({ value: `--${name}=${value}`, ...(help && { help }) })),
        also,
      });
    }
    return matching({ candidates: flagCandidates(scan.flags), also: "none" });
  }
  if (scan.entries) {
    const plugins =
      scan.home === "" ? await shownPlugins({ configDir: deps.configDir, config: await deps.config() }) : [];
    const called = Object.fromEntries(
      plugins.map(({ Name, ShortDescription = "" }) => [Name, { short: ShortDescription }]),
    );
    return matching({ candidates: commandCandidates({ ...scan.entries, ...called }), also: "none" });
  }
  return matching(await ofKind(deps, positionalKind(scan.home, scan.count), current));
}

/** Where the words are those of a plugin: which, and the words from its name on. */
export async function pluginCall(
  deps: CommandDeps,
  words: readonly string[],
): Promise<{ plugin: Plugin; words: string[] } | undefined> {
  const globals = globalFlags(homeOf(deps.env));
  const at = words
    .slice(0, -1)
    .findIndex(
      (word, index) => !word.startsWith("-") && (index === 0 || valueFlag(globals, words[index - 1] ?? "") === null),
    );
  const name = words[at] ?? "";
  if (at < 0 || Object.hasOwn(await topLevel(), name)) return undefined;
  const plugin = await findPlugin(name, { configDir: deps.configDir, config: await deps.config() });
  return plugin && { plugin, words: words.slice(at) };
}

interface Line {
  /** Where the command lives (`container rm`); empty while none is named. */
  home: string;
  flags: Flags;
  /** Commands that may follow; null where arguments follow. */
  entries: Record<string, Pick<CommandEntry, "short" | "hidden">> | null;
  /** Arguments so far. */
  count: number;
  /** The flag whose value comes next. */
  awaiting: string | null;
  flagsEnded: boolean;
}

/** Reads the complete words: which command they name, and what has been given to it. */
async function readLine(words: readonly string[], globals: Flags): Promise<Line> {
  const line: Line = {
    home: "",
    flags: globals,
    entries: await topLevel(),
    count: 0,
    awaiting: null,
    flagsEnded: false,
  };
  let interspersed = true;
  for (const word of words) {
    if (line.awaiting) line.awaiting = null;
    else if (word === "--" && !line.flagsEnded) line.flagsEnded = true;
    else if (word.startsWith("-") && word.length > 1 && !line.flagsEnded) line.awaiting = valueFlag(line.flags, word);
    else if (line.entries) {
      interspersed = await enter(line, word);
    } else {
      line.count++;
      if (!interspersed) line.flagsEnded = true;
    }
  }
  return line;
}

async function topLevel(): Promise<Record<string, Pick<CommandEntry, "short" | "hidden">>> {
  const top = (await groups[""]?.load())?.default.commands ?? {};
  const verbs: Record<string, Pick<CommandEntry, "short" | "hidden">> = {};
  for (const [name, home] of Object.entries(shortcuts)) {
    const [noun = "", verb = ""] = home.split(" ");
    verbs[name] = { short: (await groups[noun]?.load())?.default.commands[verb]?.short ?? "" };
  }
  const nouns = Object.fromEntries(
    Object.entries(groups)
      .filter(([name]) => name !== "")
      .map(([name, { short }]) => [name, { short }]),
  );
  return { ...nouns, ...verbs, ...top };
}

/** Goes down into the command or noun of a name; returns whether its flags may follow its arguments. */
async function enter(line: Line, word: string): Promise<boolean> {
  const path = line.home === "" ? (own(shortcuts, word) ?? word) : `${line.home} ${word}`;
  const names = path.split(" ");
  let entries = line.home === "" ? null : line.entries;
  let entry: Partial<CommandEntry> | undefined;
  let home = path;
  let isNoun = false;
  for (const [i, name] of names.slice(line.home === "" ? 0 : -1).entries()) {
    if (line.home === "" && i === 0) {
      const group = own(groups, name);
      if (group && name !== "") {
        entries = (await group.load()).default.commands;
        isNoun = names.length === 1;
        continue;
      }
      entries = (await groups[""]?.load())?.default.commands ?? {};
    }
    const found = Object.entries(entries ?? {}).find(
      ([known, { aliases }]: [string, Partial<CommandEntry>]) => known === name || aliases?.includes(name),
    );
    entry = found?.[1];
    home = [...names.slice(0, -1), found?.[0] ?? name].join(" ");
  }
  line.home = home;
  line.flags = {};
  // A noun on its way to its command; nothing is known of what nobody knows.
  line.entries = entry ? null : isNoun ? entries : {};
  if (!entry?.load) return true;
  const loaded = (await entry.load()).default;
  if (isTable(loaded)) {
    line.entries = loaded.commands;
    return true;
  }
  line.flags = loaded.flags;
  return loaded.interspersed !== false;
}

/** The long name of the flag that a word leaves waiting for its value; null where it needs none. */
function valueFlag(flags: Flags, word: string): string | null {
  if (word.startsWith("--")) {
    if (word.includes("=")) return null;
    const name = word.slice(2);
    return flags[name] && flags[name].bare === undefined ? name : null;
  }
  // In `-it`, only the last letter can be waiting.
  for (const [i, letter] of [...word.slice(1)].entries()) {
    const found = Object.entries(flags).find(([, { short }]) => short === letter);
    if (!found) return null;
    if (found[1].bare === undefined) return i === word.length - 2 ? found[0] : null;
  }
  return null;
}

const firstLine = (text: string) => text.split("\n", 1)[0] ?? "";

function flagCandidates(flags: Flags): Candidate[] {
  const shown = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const short = shown.flatMap(([, { short: letter, help }]: [string, Flag<unknown>]) =>
    letter ? [{ value: `-${letter}`, help: firstLine(help) }] : [],
  );
  return [
    ...shown.map(([name, { help }]) => ({ value: `--${name}`, help: firstLine(help) })),
    { value: "--help", help: "Show help" },
    ...short,
  ];
}

function commandCandidates(entries: Record<string, Pick<CommandEntry, "short" | "hidden">>): Candidate[] {
  return Object.entries(entries)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, { short }]) => ({ value, help: short }));
}

async function flagValue(deps: CommandDeps, { home, flags }: Line, flag: string, current: string): Promise<Completion> {
  if (flag === "filter") {
    return current.includes("=")
      ? nothing
      : { candidates: (filterKeys[home] ?? []).map((key) => ({ value: `${key}=` })), also: "nospace" };
  }
  const words = flags[flag]?.values;
  return ofKind(deps, words ? { words } : flagKind(home, flag), current);
}

async function ofKind(deps: CommandDeps, kind: Kind, current: string): Promise<Completion> {
  if (kind === "none") return nothing;
  if (kind === "files" || kind === "directories") return { candidates: [], also: kind };
  // A path is no name: `-v ./data`, `cp ./file`.
  if (/^[./~]/.test(current)) return { candidates: [], also: "files" };
  return {
    candidates: await namesOf(deps, kind),
    also: typeof kind === "object" && kind.words.some((word) => word.endsWith(":")) ? "nospace" : "none",
  };
}
