import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { createPlugin } from "../../../client/plugins.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { decodeJson } from "../../../lib/parse-json.ts";
import { gzip } from "../../archive/gzip.ts";
import { packDirectory } from "../../archive/pack.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { systemWords } from "../../files.ts";
import { bool } from "../../flags/kinds.ts";
import { parseReference } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN PLUGIN-DATA-DIR",
  args: minArgs(2),
  long: "Makes a plugin of a root filesystem and a configuration. The directory must hold config.json and rootfs.",
  flags: { compress: bool("Compress what is sent with gzip") },
  async run(deps, [name = "", directory = ""], { compress }) {
    parseReference(name);
    const root = resolve(directory);
    const stat = await lstat(root).catch((error: unknown) => {
      throw new CliError(`lstat ${root}: ${systemWords(error)}`);
    });
    if (!stat.isDirectory()) throw new CliError("context must be a directory");
    await checkConfig(`${directory}/config.json`);
    const archive = packDirectory(root);
    await createPlugin(await deps.client(), name, compress ? gzip(archive) : archive);
    deps.out.write(`${name}\n`);
  },
});

async function checkConfig(path: string): Promise<void> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    throw new CliError(`open ${path}: ${systemWords(error)}`);
  }
  try {
    decodeJson(text);
  } catch (error) {
    throw new CliError(`${path}: ${errorMessage(error)}`);
  }
}
