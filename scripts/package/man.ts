/** Pages of the manual, made of the same data as the help texts. */
import { shortcuts } from "../../src/cli/commands/registry.ts";
import type { Flags } from "../../src/cli/flags/flag.ts";
import { globalFlags } from "../../src/cli/globals.ts";
import { said } from "../../src/cli/help.ts";
import { daemonOptions } from "../../src/daemon/config/options/all.ts";
import type { DaemonOption } from "../../src/daemon/config/options/option.ts";
import { usage as doctorUsage } from "../../src/daemon/doctor.ts";
import { usage as registryUsage } from "../../src/registry/flags.ts";
import { allCommands, type PlacedCommand } from "../commands.ts";

/** File names of pages, each with its text, or with the name of the page that it is another name of. */
export interface ManualPages {
  texts: Map<string, string>;
  links: Map<string, string>;
}

const program = "berth";

/** The pages of the engine: the command line, a page for each command, the daemon and its settings. */
export async function enginePages(version: string, date: string): Promise<ManualPages> {
  const leaves = await allCommands();
  const head = (name: string, section: number) => heading(name, section, version, date);
  const texts = new Map<string, string>([
    ["berth.1", head("berth", 1) + rootPage(leaves)],
    ["berth-daemon.8", head("berth-daemon", 8) + daemonPage()],
    ["berth-doctor.8", head("berth-doctor", 8) + doctorPage()],
    ["berth-daemon.json.5", head("berth-daemon.json", 5) + settingsPage()],
  ]);
  const links = new Map<string, string>();
  const homes = new Set(leaves.map(({ home }) => pageName(home)));
  for (const leaf of leaves) {
    const page = pageName(leaf.home);
    texts.set(page, head(page.slice(0, -2), 1) + commandPage(leaf));
    for (const other of leaf.entry.also ?? []) if (!homes.has(pageName(other))) links.set(pageName(other), page);
  }
  for (const [verb, home] of Object.entries(shortcuts)) links.set(pageName(verb), pageName(home));
  return { texts, links };
}

/** The page of the registry: its help text as it stands. */
export function registryPages(version: string, date: string): ManualPages {
  const body =
    section("NAME", "berth\\-registry \\- registry of container images") +
    section("DESCRIPTION", "") +
    `.nf\n${escape(registryUsage.replaceAll("berth registry serve", "berth-registry serve"))}.fi\n` +
    section("FILES", "/etc/berth\\-registry/config.yaml, /var/lib/berth\\-registry");
  return {
    texts: new Map([["berth-registry.8", heading("berth-registry", 8, version, date) + body]]),
    links: new Map(),
  };
}

const pageName = (home: string): string => `${program}-${home.replaceAll(" ", "-")}.1`;

function commandPage({ home, entry, command }: PlacedCommand): string {
  const usages = said(command.usage, program).split("\n");
  const others = (entry.also ?? []).map((path) => `${program} ${path}`);
  return (
    section("NAME", `${escape(`${program}-${home.replaceAll(" ", "-")}`)} \\- ${escape(entry.short)}`) +
    section(
      "SYNOPSIS",
      usages.map((line, at) => escape(at === 0 ? `${program} ${home} ${line}` : line.trim())).join("\n.br\n"),
    ) +
    (others.length > 0 ? `.br\nAlso: ${escape(others.join(", "))}\n` : "") +
    section("DESCRIPTION", command.long === undefined ? escape(entry.short) : literal(said(command.long, program))) +
    optionsSection("OPTIONS", command.flags) +
    section("SEE ALSO", "berth(1), berth\\-daemon(8)")
  );
}

function rootPage(leaves: readonly PlacedCommand[]): string {
  const shown = leaves.map(({ home, entry }) => tagged(`${program} ${[...(entry.also ?? []), home][0]}`, entry.short));
  return (
    section("NAME", "berth \\- container engine that speaks Docker's language") +
    section("SYNOPSIS", "berth [OPTIONS] COMMAND [ARG...]") +
    section(
      "DESCRIPTION",
      "Runs containers, builds images, keeps networks and volumes: the command line of the engine that " +
        "berth\\-daemon(8) is. Every command has a page of its own, such as berth\\-run(1).",
    ) +
    optionsSection("OPTIONS", globalFlags("~")) +
    section(
      "COMMANDS",
      shown.join("") +
        tagged("berth compose", "Docker's Compose, where its plugin is installed.") +
        tagged("berth daemon", "The engine: berth-daemon(8).") +
        tagged("berth doctor", "What this machine offers to containers, and what it lacks: berth-doctor(8)."),
    ) +
    section(
      "FILES",
      tagged("/run/berth/berth.sock", "Where the daemon listens, for root and the group berth.") +
        tagged("~/.docker/config.json", "Settings of the client, and logins."),
    ) +
    section(
      "ENVIRONMENT",
      tagged("DOCKER_HOST", "Address of the engine to talk to.") + tagged("DOCKER_CONTEXT", "Context that names it."),
    ) +
    section("SEE ALSO", "berth\\-daemon(8), berth\\-daemon.json(5), berth\\-doctor(8), berth\\-run(1)")
  );
}

function daemonPage(): string {
  const rows = daemonOptions
    .filter(({ flag, support }) => flag && !support)
    .sort((a, b) => ((a.flag ?? "") < (b.flag ?? "") ? -1 : 1))
    .map((option) =>
      tagged(`${option.short ? `-${option.short}, ` : ""}--${option.flag}${typeOf(option)}`, helpOf(option)),
    );
  return (
    section("NAME", "berth\\-daemon \\- the container engine") +
    section("SYNOPSIS", "berth daemon [OPTIONS]") +
    section(
      "DESCRIPTION",
      "Serves the API at /run/berth/berth.sock. Containers run on while it stops, restarts or is replaced. SIGHUP " +
        "has it read its settings again.",
    ) +
    section("OPTIONS", rows.join("")) +
    section(
      "FILES",
      tagged("/etc/berth/daemon.json", "Settings: berth\\-daemon.json(5).") +
        tagged("/var/lib/berth", "Images, containers, networks and volumes.") +
        tagged("/run/berth/stop-containers", "While it is there, an end of the daemon stops the containers too."),
    ) +
    section("SEE ALSO", "berth(1), berth\\-daemon.json(5)")
  );
}

/** Its help text as it stands. */
function doctorPage(): string {
  return (
    section("NAME", "berth\\-doctor \\- what a machine offers to containers") +
    section(
      "DESCRIPTION",
      "Needs no daemon, but root: it tells what whoever runs it can do. Ends with 0 where containers can run, and " +
        "with 1 where something vital is missing.",
    ) +
    literal(doctorUsage.trim()) +
    section("SEE ALSO", "berth(1), berth\\-daemon(8)")
  );
}

function settingsPage(): string {
  const rows = daemonOptions
    .filter(({ support }) => !support)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((option) => tagged(`"${option.key}" (${jsonType(option)})`, helpOf(option)));
  return (
    section("NAME", "berth\\-daemon.json \\- settings of the container engine") +
    section("SYNOPSIS", "/etc/berth/daemon.json") +
    section(
      "DESCRIPTION",
      "An object of JSON, with the names of Docker's daemon.json. What stands here may not be given on the command " +
        "line too. \\fBberth daemon \\-\\-validate\\fR checks it.",
    ) +
    section("SETTINGS", rows.join("")) +
    section("SEE ALSO", "berth\\-daemon(8)")
  );
}

function helpOf({ help, shown }: DaemonOption): string {
  return help + (shown === undefined ? "" : ` (default ${shown})`);
}

function typeOf({ kind, type }: DaemonOption): string {
  if (kind === "boolean") return "";
  return ` ${type ?? (kind === "list" || kind === "map" || kind === "bytes" ? kind : "string")}`;
}

/** What a setting is in the file. */
function jsonType({ kind }: DaemonOption): string {
  if (kind === "list" || kind === "pools") return "list";
  if (kind === "string" || kind === "boolean") return kind;
  if (kind === "integer") return "number";
  return kind === "bytes" ? "string" : "object";
}

function optionsSection(title: string, flags: Flags): string {
  const rows = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, type, help, shown }]) =>
      tagged(
        `${short ? `-${short}, ` : ""}--${name}${type === "" ? "" : ` ${type}`}`,
        help + (shown === undefined ? "" : ` (default ${shown})`),
      ),
    );
  return rows.length === 0 ? "" : section(title, rows.join(""));
}

function heading(name: string, number: number, version: string, date: string): string {
  return `.TH "${escape(name.toUpperCase())}" "${number}" "${date}" "Berth ${version}" "Berth"\n.nh\n.ad l\n`;
}

/** `body` is in roff. */
function section(title: string, body: string): string {
  return `.SH ${title}\n${body === "" || body.endsWith("\n") ? body : `${body}\n`}`;
}

function tagged(term: string, text: string): string {
  return `.TP\n\\fB${escape(term)}\\fR\n${escape(text)}\n`;
}

/** With its line breaks. */
const literal = (text: string): string => `.nf\n${escape(text)}\n.fi\n`;

/** Plain text as roff: nothing in it is a request. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1")
    .replace(/…/g, "...")
    .replace(/^$/gm, "\\&");
}
