/** The settings of the daemon with what each of them means, made of the data that it reads them by. */
import { daemonOptions } from "../../src/daemon/config/options/all.ts";
import type { DaemonOption } from "../../src/daemon/config/options/option.ts";

/** A file with comments beside `daemon.json`, which is JSON and has none. Every setting is in it, commented out. */
export function settingsExample(): string {
  const rows = daemonOptions
    .filter(({ support }) => !support)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(
      (option) =>
        `  // ${option.help}${option.shown === undefined ? "" : ` (default: ${option.shown})`}\n` +
        `  // "${option.key}": ${sample(option)},\n`,
    );
  return (
    "// What may stand in daemon.json, which must be JSON without comments. Changes count from\n" +
    "// `systemctl restart berth` on, which no container notices; `berth daemon --validate` checks the file.\n" +
    `{\n${rows.join("\n")}}\n`
  );
}

/** Something of the right type. */
function sample({ key, kind, shown }: DaemonOption): string {
  switch (kind) {
    case "boolean":
      return shown === "true" ? "false" : "true";
    case "integer":
      return /^\d+$/.test(shown ?? "") ? (shown ?? "") : "0";
    case "list":
      return key === "hosts" ? '["fd://", "tcp://0.0.0.0:2376"]' : "[]";
    case "pools":
      return '[{ "base": "10.10.0.0/16", "size": 24 }]';
    case "string":
    case "bytes":
      return JSON.stringify(shown !== undefined && !shown.includes(" ") ? shown : "");
    default:
      return "{}";
  }
}
