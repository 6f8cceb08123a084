import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { manifestReference, openRegistry } from "../../manifest/open-registry.ts";
import { getList, getManifest, saveManifest } from "../../manifest/store.ts";
import { fullString } from "../../reference.ts";

export default defineCommand({
  usage: "MANIFEST_LIST MANIFEST [MANIFEST...]",
  args: minArgs(2),
  flags: {
    amend: bool("Add to a list that is already in the making", { short: "a" }),
    insecure: bool("Talk to a registry without TLS or with a certificate that nobody signed"),
  },
  async run(deps, [name = "", ...manifests], { amend, insecure }) {
    const list = parse(name);
    if ((await getList(deps.configDir, list)) && !amend)
      throw new CliError("refusing to amend an existing manifest list with no --amend flag");
    const registry = openRegistry(deps, insecure);
    for (const one of manifests) {
      const reference = manifestReference(one);
      const known = await getManifest(deps.configDir, list, reference);
      await saveManifest(deps.configDir, list, reference, known?.Raw ? known : await registry.getManifest(reference));
    }
    deps.out.write(`Created manifest list ${fullString(list)}\n`);
  },
});

function parse(name: string) {
  try {
    return manifestReference(name);
  } catch (error) {
    throw new CliError(`error parsing name for manifest list ${name}: ${errorMessage(error)}`);
  }
}
