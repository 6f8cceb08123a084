import { isNotFound } from "../../../client/errors.ts";
import { removeImage } from "../../../client/images.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, stringSlice } from "../../flags/kinds.ts";
import { parsePlatform } from "../../platform.ts";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: minArgs(1),
  flags: {
    force: bool("Remove even what is in use by stopped containers or has several names", { short: "f" }),
    "no-prune": bool("Keep untagged parents"),
    platform: stringSlice('Remove one platform only, "os[/arch[/variant]]"', { minApi: "1.50" }),
  },
  async run(deps, names, flags) {
    flags.platform.forEach(parsePlatform);
    const client = await deps.client();
    const errors: unknown[] = [];
    for (const name of names) {
      try {
        const removed = await removeImage(client, name, {
          force: flags.force,
          noPrune: flags["no-prune"],
          platforms: flags.platform,
        });
        for (const { Deleted, Untagged } of removed)
          deps.out.write(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged ?? ""}\n`);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 0) return;
    const text = errors.map(errorMessage).join("\n");
    if (!flags.force || !errors.every(isNotFound)) throw new CliError(text);
    await deps.out.flush();
    deps.err.write(`${text}\n`);
  },
});
