import type { Client } from "../../../client/client.ts";
import { inspectContainerRaw } from "../../../client/containers.ts";
import { ApiError } from "../../../client/errors.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { type Inspected, type Inspection, inspectAll } from "../../format/inspect.ts";

/** What `inspect` tries, in this order. */
const kinds = [
  "container",
  "image",
  "network",
  "volume",
  "service",
  "task",
  "node",
  "plugin",
  "secret",
  "config",
] as const;
type Kind = (typeof kinds)[number];
const known: readonly string[] = [
  "config",
  "container",
  "image",
  "network",
  "node",
  "plugin",
  "secret",
  "service",
  "task",
  "volume",
];
const ofSwarms: ReadonlySet<string> = new Set(["service", "task", "node", "secret", "config"]);
const knownText = known.map((type) => `"${type}"`).join(", ");

export default defineCommand({
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  args: minArgs(1),
  flags: {
    format: string(inspectFormatHelp, { short: "f" }),
    size: bool("Include sizes on disk, of containers", { short: "s" }),
    type: string("Look only among things of this type"),
  },
  async run(deps, names, { format, size, type }) {
    if (deps.changed.has("type") && type === "") throw new CliError(`type is empty: must be one of ${knownText}`);
    if (type !== "" && !known.includes(type))
      throw new CliError(`unknown type: ${JSON.stringify(type)}: must be one of ${knownText}`);
    const client = await deps.client();
    const wanted = kinds.filter((kind) => type === "" || kind === type);
    const usesTemplate = format !== "" && format !== "json";
    let inspection: Inspection;
    try {
      inspection = await inspectAll(names, format, async (name) => {
        const { kind, raw } = await find(client, name, wanted, { size, only: type !== "" });
        if (size && kind !== "container") deps.err.write(`WARNING: --size ignored for ${kind}\n`);
        return { raw, ...(usesTemplate && (await shapeFor(kind))) };
      });
    } catch (error) {
      throw new CliError(errorMessage(error), 64);
    }
    deps.out.write(inspection.stdout);
    if (inspection.errors.length > 0) throw new CliError(inspection.errors.map(({ message }) => message).join("\n"));
  },
});

async function shapeFor(kind: Kind): Promise<Pick<Inspected, "shape">> {
  const { shapeOf } = await import("../../format/shapes/load.ts");
  return { shape: await shapeOf(kind) };
}

/** The first thing of that name. That one kind has none, or the engine no such kind, lets the next be tried. */
async function find(
  client: Client,
  name: string,
  wanted: readonly Kind[],
  { size, only }: { size: boolean; only: boolean },
): Promise<{ kind: Kind; raw: string }> {
  let managesSwarm: boolean | undefined;
  for (const kind of wanted) {
    // Only a manager knows of the things of a swarm.
    if (!only && ofSwarms.has(kind)) {
      managesSwarm ??= (await client.ping()).swarm?.startsWith("active/manager") === true;
      if (!managesSwarm) continue;
    }
    try {
      return { kind, raw: await fetchRaw(client, kind, name, size) };
    } catch (error) {
      if (only || !isSkippable(error)) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}

function isSkippable(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.status === 404 || error.status === 501 || /not supported|invalid reference format/.test(error.message))
  );
}

async function fetchRaw(client: Client, kind: Kind, name: string, size: boolean): Promise<string> {
  switch (kind) {
    case "container":
      return inspectContainerRaw(client, name, size);
    case "image":
      return (await import("../../../client/images.ts")).inspectImageRaw(client, name);
    case "network":
      return (await import("../../../client/networks.ts")).inspectNetworkRaw(client, name);
    case "volume":
      return (await import("../../../client/volumes.ts")).inspectVolumeRaw(client, name);
    case "service":
      return (await import("../../../client/services.ts")).inspectServiceRaw(client, name);
    case "task":
      return (await import("../../../client/tasks.ts")).inspectTaskRaw(client, name);
    case "node":
      return (await import("../../../client/nodes.ts")).inspectNodeRaw(client, name);
    case "secret":
      return (await import("../../../client/secrets.ts")).inspectSecretRaw(client, name);
    case "config":
      return (await import("../../../client/configs.ts")).inspectConfigRaw(client, name);
    case "plugin":
      return (await import("../../../client/plugins.ts")).inspectPluginRaw(client, name);
  }
}
