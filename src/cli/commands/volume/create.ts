import type { ClusterVolumeSpec } from "../../../api/types/swarm.ts";
import { createVolume } from "../../../client/volumes.ts";
import { maxArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bytes, list, map, string } from "../../flags/kinds.ts";
import { oneOf } from "../../flags/one-of.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";

const cluster = { minApi: "1.42" };

export default defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  args: maxArgs(1),
  flags: {
    availability: oneOf(["active", "pause", "drain"], 'Availability of a cluster volume ("active", "pause", "drain")', {
      default: "active",
      ...cluster,
    }),
    driver: string("Driver that keeps the volume", { short: "d", default: "local" }),
    "from-image": string("Image that the volume's content comes from"),
    "from-path": string("Directory of the image, with --from-image", { default: "/" }),
    group: string("Group of a cluster volume", cluster),
    label: list("Set metadata", { parse: checkLabel }),
    "limit-bytes": bytes("Most bytes that a cluster volume may have", cluster),
    name: string("Name of the volume", { hidden: true }),
    opt: map("Option for the volume's driver", { short: "o" }),
    "required-bytes": bytes("Fewest bytes that a cluster volume must have", cluster),
    scope: oneOf(["single", "multi"], 'Who may use a cluster volume ("single", "multi")', {
      default: "single",
      ...cluster,
    }),
    secret: map("Secret for a cluster volume", cluster),
    sharing: oneOf(
      ["none", "readonly", "onewriter", "all"],
      'How a cluster volume is shared ("none", "readonly", "onewriter", "all")',
      { default: "none", ...cluster },
    ),
    "topology-preferred": list("Where a cluster volume should be reachable", cluster),
    "topology-required": list("Where a cluster volume must be reachable", cluster),
    type: oneOf(["mount", "block"], 'Access to a cluster volume ("mount", "block")', { default: "block", ...cluster }),
  },
  async run(deps, [argument], flags) {
    if (argument !== undefined && flags.name !== "") {
      throw new CliError(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    }
    if (deps.changed.has("from-path") && flags["from-image"] === "")
      throw new CliError("--from-path needs --from-image");
    const isCluster = [
      "group",
      "scope",
      "sharing",
      "availability",
      "type",
      "secret",
      "limit-bytes",
      "required-bytes",
    ].some((name) => deps.changed.has(name));
    const spec: ClusterVolumeSpec = {
      Group: flags.group,
      AccessMode: {
        Scope: flags.scope,
        Sharing: flags.sharing,
        ...(flags.type === "mount" ? { MountVolume: {} } : { BlockVolume: {} }),
      },
      Availability: flags.availability,
      CapacityRange: { RequiredBytes: flags["required-bytes"], LimitBytes: flags["limit-bytes"] },
      Secrets: Object.keys(flags.secret)
        .sort()
        .map((Key) => ({ Key, Secret: flags.secret[Key] ?? "" })),
      AccessibilityRequirements: {
        Requisite: flags["topology-required"].map(topology),
        Preferred: flags["topology-preferred"].map(topology),
      },
    };
    const { Name } = await createVolume(await deps.client(), {
      Name: argument ?? flags.name,
      Driver: flags.driver,
      DriverOpts: flags.opt,
      Labels: labelMap(flags.label),
      ...(flags["from-image"] !== "" && { FromImage: flags["from-image"], FromPath: flags["from-path"] }),
      ...(isCluster && { ClusterVolumeSpec: spec }),
    });
    deps.out.write(`${Name}\n`);
  },
});

/** `region=a,zone=b` */
function topology(text: string): { Segments: Record<string, string> } {
  return { Segments: labelMap(text.split(",")) };
}
