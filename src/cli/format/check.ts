import type { CheckItem } from "../../api/types/check.ts";
import { Row } from "../../lib/template/value.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { bool, string } from "../flags/kinds.ts";
import { formatHelp } from "./help.ts";
import { printRows } from "./print-rows.ts";

const titles = { Object: "OBJECT", Owner: "OWNER", State: "STATE", Wanted: "WANTED", Found: "FOUND" };

/** The options of commands that check. */
export const checkFlags = {
  all: bool("Show what is as it should be, too", { short: "a" }),
  format: string(formatHelp),
  repair: bool("Mend what differs"),
};

/** Prints what was looked at; exit code 1 where something is not as it should be. */
export async function printCheck(
  deps: CommandDeps,
  items: readonly CheckItem[],
  { all, format }: { all: boolean; format: string },
): Promise<void> {
  const bad = items.filter(({ State }) => State !== "ok" && State !== "repaired");
  const shown = all ? items : items.filter(({ State }) => State !== "ok");
  if (shown.length > 0 || format !== "")
    deps.out.write(
      await printRows(
        format || "table {{.Object}}\t{{.Owner}}\t{{.State}}\t{{.Wanted}}\t{{.Found}}",
        titles,
        shown.map(itemRow),
      ),
    );
  if (format === "")
    deps.err.write(
      `${items.length} things checked: ` +
        `${summary(bad.length, items.filter(({ State }) => State === "repaired").length)}\n`,
    );
  if (bad.length > 0) throw new CliError("");
}

function summary(bad: number, repaired: number): string {
  const mended = repaired > 0 ? `${repaired} repaired, ` : "";
  return mended + (bad === 0 ? "all as they should be" : `${bad} not as they should be`);
}

function itemRow(item: CheckItem): Row {
  return new Row("*network.checkContext", {
    Object: () => item.Object,
    Owner: () => item.Owner,
    State: () => item.State,
    Wanted: () => item.Wanted || "nothing",
    Found: () => item.Found || "nothing",
  });
}
