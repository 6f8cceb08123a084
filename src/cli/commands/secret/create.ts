import { createSecret } from "../../../client/secrets.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { list, string } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";
import { readContent } from "./read-content.ts";

export default defineCommand({
  usage: "[OPTIONS] SECRET [file|-]",
  args: rangeArgs(1, 2),
  flags: {
    driver: string("Driver that has the secret's content", { short: "d", minApi: "1.31" }),
    label: list("Set a label", { short: "l", parse: checkLabel }),
    "template-driver": string("Driver that fills the content in as a template", { minApi: "1.37" }),
  },
  async run(deps, [Name = "", file = ""], flags) {
    const driver = flags.driver;
    if (driver !== "" && file !== "") throw new CliError("When using secret driver secret data must be empty");
    const data = driver === "" ? await readContent(deps, "secret", file) : null;
    const id = await createSecret(await deps.client(), {
      Name,
      Labels: labelMap(flags.label),
      ...(data && { Data: data.toString("base64") }),
      ...(driver !== "" && { Driver: { Name: driver } }),
      ...(flags["template-driver"] !== "" && { Templating: { Name: flags["template-driver"] } }),
    });
    deps.out.write(`${id}\n`);
  },
});
