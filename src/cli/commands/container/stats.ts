import { anyArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { formatRows } from "../../format/rows.ts";
import { StatsReader } from "./stats-reader.ts";
import { statsRow, statsTable, statsTitles } from "./stats-row.ts";

/** How often the table is drawn anew. */
const drawEvery = 500;

export default defineCommand({
  usage: "[OPTIONS] [CONTAINER...]",
  args: anyArgs,
  flags: {
    all: bool("Show all containers, not only the running ones", { short: "a" }),
    format: string(formatHelp),
    "no-stream": bool("Print the first readings and end"),
    "no-trunc": bool("Print values at full length"),
  },
  async run(deps, names, flags) {
    const source = flags.format || (await deps.config()).statsFormat || "table";
    const format = source === "table" ? statsTable : source;
    using reader = new StatsReader(await deps.client(), { once: flags["no-stream"], all: flags.all });
    const draw = () =>
      formatRows(
        format,
        statsTitles,
        reader.entries().map((entry) => statsRow(entry, flags["no-trunc"])),
      );
    if (names.length > 0) {
      for (const name of names) reader.add(name);
    } else await reader.addAll(!flags["no-stream"]);
    await reader.firstReadings();
    const errors = names.length > 0 ? reader.errors() : [];
    if (errors.length > 0) throw new CliError(errors.join("\n"));
    if (!flags["no-stream"]) return await drawForEver(deps, reader, draw, names.length === 0);
    if (reader.entries().length > 0) deps.out.write(draw());
  },
});

/** Redraws in place, without clearing first: the screen does not flicker. Ends when nothing is left to watch. */
async function drawForEver(
  { out }: CommandDeps,
  reader: StatsReader,
  draw: () => string,
  mayGrow: boolean,
): Promise<void> {
  for (;;) {
    const [, rows] = out.size();
    if (reader.entries().length === 0 && !mayGrow) {
      if (rows > 0) out.write("\x1b[H\x1b[J");
      return;
    }
    const lines = draw()
      .split("\n")
      .map((line) => `${line}\x1b[K`);
    out.write(`\x1b[H${lines.join("\n")}\x1b[J`);
    await out.flush();
    if ((await Promise.race([reader.ended, Bun.sleep(drawEvery)])) === "ended") return;
  }
}
