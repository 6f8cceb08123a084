/**
 * Writes the pages of `docs/reference/` that are made of data: commands, settings, calls of the API, events, errors.
 * With `--check` it writes nothing, and exits 1 where a page is not what the data says.
 */
import { existsSync, mkdirSync } from "node:fs";
import { eventActions } from "../src/api/event-actions.ts";
import { said } from "../src/cli/help.ts";
import { daemonOptions } from "../src/daemon/config/options/all.ts";
import type { DaemonOption } from "../src/daemon/config/options/option.ts";
import { answers } from "../src/server/http/errors.ts";
import { routes } from "../src/server/routes/all.ts";
import { allCommands, type PlacedCommand } from "./commands.ts";

const folder = "docs/reference";
const made = "<!-- Made by `npm run reference` of the program's own data: change that. -->";

const pages: [name: string, text: string][] = [
  ["commands", await commandsPage()],
  ["settings", settingsPage()],
  ["api", apiPage()],
  ["events", eventsPage()],
  ["errors", errorsPage()],
];
let stale = 0;
for (const [name, text] of pages) {
  const path = `${folder}/${name}.md`;
  if (process.argv[2] !== "--check") {
    mkdirSync(folder, { recursive: true });
    await Bun.write(path, text);
  } else if (!existsSync(path) || (await Bun.file(path).text()) !== text) {
    stale++;
    console.log(`${path} is not what the program says: npm run reference`);
  }
}
if (stale > 0) process.exit(1);

async function commandsPage(): Promise<string> {
  const commands = await allCommands();
  const nouns = Map.groupBy(commands, ({ home }) => home.split(" ")[0] ?? "");
  const sections = [...nouns].map(
    ([noun, entries]) => `## ${noun}\n\n${entries.map((each) => commandEntry(each)).join("\n")}`,
  );
  return page(
    "Commands",
    "Each is `berth` with what stands here; `--help` after it says the same. `docker` takes them too, where Docker " +
      "has them.",
    sections.join("\n"),
  );
}

function commandEntry({ home, entry, command }: PlacedCommand): string {
  const [usage = "", ...more] = said(command.usage, "berth").split("\n");
  const also = (entry.also ?? []).map((path) => `\`${path}\``);
  const flags = Object.entries(command.flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, type, help, shown }]) => [
      `\`${short ? `-${short}, ` : ""}--${name}${type === "" ? "" : ` ${type}`}\``,
      help + (shown === undefined ? "" : ` (default ${shown})`),
    ]);
  return [
    `### ${home}`,
    `${entry.short}.${also.length > 0 ? ` Also: ${also.join(", ")}.` : ""}`,
    `\`\`\`\n${[`berth ${home} ${usage}`.trimEnd(), ...more].join("\n")}\n\`\`\``,
    ...(command.long === undefined ? [] : [`\`\`\`text\n${said(command.long, "berth")}\n\`\`\``]),
    ...(flags.length > 0 ? [table(["Option", ""], flags)] : []),
    "",
  ].join("\n\n");
}

function settingsPage(): string {
  const rows = (chosen: (option: DaemonOption) => boolean) =>
    daemonOptions
      .filter(chosen)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, flag, short, help, shown }) => [
        `\`${key}\``,
        flag ? `\`${short ? `-${short}, ` : ""}--${flag}\`` : "",
        help,
        shown ?? "",
      ]);
  const heads = ["In the file", "On the command line", "", "Default"];
  return page(
    "Settings of the daemon",
    "They stand in `/etc/berth/daemon.json` (`--config-file`), with the names of Docker's `daemon.json`, or on the " +
      "command line of `berth daemon`, but not in both. `berth daemon --validate` checks the file.",
    table(
      heads,
      rows(({ support }) => !support),
    ),
    "## Docker's, without effect here",
    "Taken with a warning:",
    table(
      heads,
      rows(({ support }) => support === "ignored"),
    ),
    "Refused, since to go on without them would be wrong:",
    table(
      heads,
      rows(({ support }) => support === "refused"),
    ),
  );
}

function apiPage(): string {
  const rows = routes
    .map(({ method, path, id, since }) => [`\`${method} ${path}\``, id, since ?? ""])
    .sort(([a = ""], [b = ""]) => (byPath(a) < byPath(b) ? -1 : 1));
  return page(
    "Calls of the API",
    "Docker's Engine API, by the names of its description; `/v1.NN` may stand before each path. Where Berth differs " +
      "from Docker, [compatibility](../compatibility.md) says how and why.",
    table(["Call", "Name", "Since version"], rows),
  );
}

/** `GET /images/json` sorts by its path first. */
function byPath(call: string): string {
  return call.replace(/^`(\w+) (.*)`$/, "$2 $1");
}

function eventsPage(): string {
  const sections = Object.entries(eventActions).map(
    ([type, actions]) =>
      `## ${type}\n\n${table(
        ["Action", "When"],
        Object.entries(actions).map(([action, when]) => [`\`${action}\``, when]),
      )}`,
  );
  return page(
    "Events",
    "What `berth events` and `GET /events` tell, by type. Each has the id of what it happened to, its name and " +
      "labels, and the time in nanoseconds.",
    sections.join("\n\n"),
  );
}

function errorsPage(): string {
  const rows = Object.entries(answers).map(([kind, { status, when }]) => [String(status), kind, when]);
  return page(
    "Errors",
    'A request that cannot be carried out is answered with a status and `{"message": "…"}`; the words are Docker\'s ' +
      "where Docker has the case.",
    table(
      ["Status", "Kind", "When"],
      rows.sort(([a = ""], [b = ""]) => Number(a) - Number(b)),
    ),
    "## Exit codes of the command line",
    table(
      ["Code", "When"],
      [
        ["0", "it worked"],
        ["1", "it did not; the words are on standard error"],
        ["125", "`run`, `create`: the container could not be made, or the command line was wrong"],
        ["126", "`run`, `exec`: the command is there and could not be run"],
        ["127", "`run`, `exec`: the command is not there"],
        ["other", "`run`, `exec`, `start -a`: as the process ended; 128 and its number for a signal"],
      ],
    ),
  );
}

function page(title: string, ...parts: string[]): string {
  return `${[`# ${title}`, made, ...parts]
    .join("\n\n")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()}\n`;
}

function table(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
