import type { NodeSpec } from "../../../api/types/swarm.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { list, string } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";
import { changeNodes } from "./change.ts";

export default defineCommand({
  usage: "[OPTIONS] NODE",
  args: exactArgs(1),
  flags: {
    availability: string('Whether the node takes tasks ("active", "pause", "drain")'),
    "label-add": list("Set a label (key=value)", { parse: checkLabel }),
    "label-rm": list("Remove a label, where there is one"),
    role: string('Role of the node ("worker", "manager")'),
  },
  async run(deps, names, flags) {
    const change = ({ Spec = {} }: { Spec?: NodeSpec }): NodeSpec => {
      const labels = { ...Spec.Labels, ...labelMap(flags["label-add"]) };
      for (const name of flags["label-rm"]) {
        if (!Object.hasOwn(labels, name)) throw new CliError(`key ${name} doesn't exist in node's labels`);
        delete labels[name];
      }
      return {
        ...Spec,
        Labels: labels,
        // What is no role or availability is the engine's to refuse.
        ...(flags.role !== "" && { Role: flags.role as "worker" }),
        ...(flags.availability !== "" && { Availability: flags.availability as "active" }),
      };
    };
    await changeNodes(deps, names, change, (name) => name);
  },
});
