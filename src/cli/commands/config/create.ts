import { createConfig } from "../../../client/configs.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { list, string } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";
import { readContent } from "../secret/read-content.ts";

export default defineCommand({
  usage: "[OPTIONS] CONFIG file|-",
  args: exactArgs(2),
  flags: {
    label: list("Set a label", { short: "l", parse: checkLabel }),
    "template-driver": string("Driver that fills the content in as a template", { minApi: "1.37" }),
  },
  async run(deps, [Name = "", file = ""], flags) {
    const data = await readContent(deps, "config", file);
    const id = await createConfig(await deps.client(), {
      Name,
      Labels: labelMap(flags.label),
      ...(data.length > 0 && { Data: data.toString("base64") }),
      ...(flags["template-driver"] !== "" && { Templating: { Name: flags["template-driver"] } }),
    });
    deps.out.write(`${id}\n`);
  },
});
