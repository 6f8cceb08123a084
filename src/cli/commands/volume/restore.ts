import { restoreVolume } from "../../../client/volumes.ts";
import { isObject } from "../../../lib/template/value.ts";
import { rangeArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { bool, list } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { displayProgress } from "../../progress/display.ts";
import { fullString, parseReference, withDefaultTag } from "../../reference.ts";
import { checkLabel } from "../container/options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST] [VOLUME]",
  args: rangeArgs(1, 2),
  long: `Make a volume of a backup in a registry

Without a name for the volume it gets the one that it had. It is there whole or
not at all; one that exists already is left as it is.`,
  flags: {
    label: list("Set metadata, beside that of the backup", { parse: checkLabel }),
    quiet: bool("Show no progress", { short: "q" }),
  },
  async run(deps, [name = "", volume = ""], { label, quiet }) {
    const reference = withDefaultTag(parseReference(name));
    const request = { Reference: fullString(reference), Name: volume, Labels: labelMap(label) };
    const messages = restoreVolume(await deps.client(), request, await registryAuth(deps, reference.domain));
    let made = volume;
    await displayProgress(deps.out, messages, {
      quiet,
      onAux: (aux) => {
        if (isObject(aux) && typeof aux["Name"] === "string") made = aux["Name"];
      },
    });
    deps.out.write(`${made}\n`);
  },
});
