import type { MigrateRequest } from "../../../api/schema/migrate.ts";
import type { MigrationAux, MigrationItem, MigrationPlan } from "../../../api/types/migrate.ts";
import { migrateDocker } from "../../../client/migrate.ts";
import { isObject, Row } from "../../../lib/template/value.ts";
import { anyArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { printRows } from "../../format/print-rows.ts";
import { humanSize } from "../../format/units.ts";
import { displayProgress } from "../../progress/display.ts";

const titles = { Kind: "KIND", Name: "NAME", State: "STATE", Copied: "COPIED", Shared: "SHARED", Reason: "REMARK" };
const table = "table {{.Kind}}\t{{.Name}}\t{{.State}}\t{{.Copied}}\t{{.Shared}}\t{{.Reason}}";

export default defineCommand({
  usage: "[OPTIONS] [NAME...]",
  args: anyArgs,
  long: (program) =>
    `Take over images, volumes, networks and containers of a stopped dockerd

Everything is read in place and stays Docker's. Files of image layers are shared
with Docker where the filesystem can, the rest is copied. What ${program} has already
is left as it is, so this can be repeated. Names choose what to take; containers
bring what they need along.`,
  flags: {
    containerd: string("Data root of the containerd that has Docker's images (default: Docker's own)"),
    containers: bool("Take containers, and what they need"),
    copy: bool("Copy all, sharing no files and no blocks with Docker"),
    "dry-run": bool("Show what would come, and what cannot"),
    from: string("Docker's data root (default: as its daemon.json says, else /var/lib/docker)"),
    images: bool("Take images"),
    move: bool("Move the data of volumes instead of copying it: Docker has it no more"),
    networks: bool("Take networks"),
    quiet: bool("Show no progress", { short: "q" }),
    start: bool("Start the containers that Docker would start with itself"),
    volumes: bool("Take volumes"),
  },
  async run(deps, names, flags) {
    const request: MigrateRequest = {
      ...(flags.from !== "" && { From: flags.from }),
      ...(flags.containerd !== "" && { Containerd: flags.containerd }),
      DryRun: flags["dry-run"],
      Images: flags.images,
      Volumes: flags.volumes,
      Networks: flags.networks,
      Containers: flags.containers,
      Names: [...names],
      Copy: flags.copy,
      Move: flags.move,
      Start: flags.start,
    };
    const heard: { plan?: MigrationPlan; done: MigrationItem[] } = { done: [] };
    await displayProgress(deps.out, migrateDocker(await deps.client(), request), {
      quiet: flags.quiet || flags["dry-run"],
      onAux: (aux) => {
        if (!isAux(aux)) return;
        if ("Plan" in aux) heard.plan = aux.Plan;
        else heard.done.push(aux.Item);
      },
    });
    if (!heard.plan) throw new CliError("the engine has not said what it did");
    const { Root, Copied, Shared, Free } = heard.plan;
    const items = heard.plan.Items.map(
      (item) =>
        heard.done.find(({ Kind, Name, ID }) => Kind === item.Kind && Name === item.Name && ID === item.ID) ?? item,
    );
    deps.out.write(await printRows(table, titles, items.map(itemRow)));
    if (flags["dry-run"])
      deps.err.write(
        `From ${Root}: ${humanSize(Copied)} to copy, ${humanSize(Shared)} to share, ${humanSize(Free)} free\n`,
      );
    const bad = items.filter(({ State }) => State === "failed");
    if (bad.length > 0) throw new CliError(`${bad.length} of ${items.length} could not be taken`);
  },
});

function isAux(value: unknown): value is MigrationAux {
  return isObject(value) && ("Plan" in value || "Item" in value);
}

function itemRow(item: MigrationItem): Row {
  const { State } = item;
  const size = (bytes: number) => (State === "take" || State === "taken" ? humanSize(bytes) : "");
  return new Row("*migrate.itemContext", {
    Kind: () => item.Kind,
    Name: () => item.Name,
    State: () => State,
    Copied: () => size(item.Copied),
    Shared: () => size(item.Shared),
    Reason: () => item.Reason,
  });
}
