import { type SearchResult, searchImages } from "../../../client/images.ts";
import { Row } from "../../../lib/template/value.ts";
import { exactArgs } from "../../args.ts";
import { encodeAuth, getCredentials, registryKey } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, int, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { ellipsis } from "../../format/width.ts";

const titles = { Name: "NAME", Description: "DESCRIPTION", StarCount: "STARS", IsOfficial: "OFFICIAL" };

export default defineCommand({
  usage: "[OPTIONS] TERM",
  args: exactArgs(1),
  flags: {
    filter: filter("Keep only what matches a condition"),
    format: string(formatHelp),
    limit: int("Most results to show"),
    "no-trunc": bool("Print values at full length"),
  },
  async run(deps, [term = ""], { filter, format, limit, "no-trunc": noTrunc }) {
    if ("is-automated" in filter) {
      deps.err.write(
        'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not ' +
          "yield any results in future.\n",
      );
    }
    const credentials = await getCredentials(deps, registryKey(registryOf(term)));
    const found = await searchImages(await deps.client(), term, {
      ...(limit > 0 && { limit }),
      filters: filter,
      registryAuth: encodeAuth(credentials),
    });
    const source =
      format === "" || format === "table"
        ? "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}"
        : format;
    const inJson = source === "json" || source.includes("json .");
    deps.out.write(
      await printRows(
        source,
        titles,
        found.map((result) => searchRow(result, noTrunc, inJson)),
      ),
    );
  },
});

/** The registry that a term names before its first slash; Docker Hub where it names none. */
function registryOf(term: string): string {
  const first = term.includes("/") ? (term.split("/")[0] ?? "") : "";
  return /[.:]/.test(first) || first === "localhost" ? first : "docker.io";
}

function searchRow(
  { name, description, star_count, is_official }: SearchResult,
  noTrunc: boolean,
  inJson: boolean,
): Row {
  const text = description.replace(/[\r\n]/g, " ");
  return new Row("*registry.searchContext", {
    Name: () => name,
    Description: () => (noTrunc ? text : ellipsis(text, 45)),
    StarCount: () => String(star_count),
    IsOfficial: () => (inJson ? String(is_official) : is_official ? "[OK]" : ""),
  });
}
