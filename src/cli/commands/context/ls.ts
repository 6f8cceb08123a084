import { errorMessage } from "../../../lib/errors.ts";
import { Row } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { findContext, listContexts } from "../../config/context-store.ts";
import type { ContextMeta } from "../../config/contexts.ts";
import { contextName } from "../../context-name.ts";
import { bool, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { ellipsis } from "../../format/width.ts";
import { naturalOrder } from "../../natural-order.ts";

const titles = { Name: "NAME", Description: "DESCRIPTION", DockerEndpoint: "DOCKER ENDPOINT", Error: "ERROR" };
const table = "table {{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    format: string(formatHelp),
    quiet: bool("Print names only", { short: "q" }),
  },
  async run(deps, _args, { format, quiet }) {
    const current = await contextName(deps);
    const contexts = await listContexts(deps);
    const rows = contexts.map((meta) => ({ name: meta.Name, row: contextRow(meta, current) }));
    if (!contexts.some(({ Name }) => Name === current)) {
      const error = await findContext(deps, current).then(() => "", errorMessage);
      rows.push({ name: current, row: contextRow({ Name: current, Metadata: {}, Endpoints: {} }, current, error) });
    }
    rows.sort((a, b) => naturalOrder(a.name, b.name));
    const source = quiet ? "{{.Name}}" : format === "" || format === "table" ? table : format;
    deps.out.write(
      await printRows(
        source,
        titles,
        rows.map(({ row }) => row),
      ),
    );
    if (deps.env["DOCKER_HOST"]) {
      await deps.out.flush();
      deps.err.write(
        "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set " +
          "the global --context flag, or unset DOCKER_HOST environment variable.\n",
      );
    }
  },
});

function contextRow({ Name, Metadata, Endpoints }: ContextMeta, current: string, error = ""): Row {
  return new Row("*formatter.clientContextContext", {
    Name: () => Name,
    Current: () => Name === current,
    Description: () => (Name === "default" ? "Current DOCKER_HOST based configuration" : (Metadata.Description ?? "")),
    DockerEndpoint: () => Endpoints.docker?.Host ?? "",
    Error: () => ellipsis(error, 45),
  });
}
