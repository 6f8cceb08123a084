import { pullImage } from "../../../client/images.ts";
import { exactArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarName, fullString, isNameOnly, parseReference, withDefaultTag } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";

export default defineCommand({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  args: exactArgs(1),
  flags: {
    "all-tags": bool("Fetch every tag of the repository", { short: "a" }),
    "disable-content-trust": trustFlag("Skip the check of signatures"),
    platform: string("Platform to fetch, where the image has several", { minApi: "1.32" }),
    quiet: bool("Show no progress", { short: "q" }),
  },
  async run(deps, [name = ""], flags) {
    refuseContentTrust(deps, flags["disable-content-trust"]);
    const typed = parseReference(name);
    if (flags["all-tags"] && !isNameOnly(typed)) throw new CliError("tag can't be used with --all-tags/-a");
    const reference = flags["all-tags"] ? typed : withDefaultTag(typed);
    if (reference !== typed && !flags.quiet) deps.out.write(`Using default tag: ${reference.tag ?? ""}\n`);
    const messages = pullImage(await deps.client(), {
      fromImage: familiarName(reference),
      tag: reference.digest ?? reference.tag ?? "",
      platform: flags.platform || deps.env["DOCKER_DEFAULT_PLATFORM"] || "",
      registryAuth: await registryAuth(deps, reference.domain),
    });
    try {
      await displayProgress(deps.out, messages, { quiet: flags.quiet });
    } catch (error) {
      if (error instanceof Error && error.message.includes("when fetching 'plugin'"))
        throw new CliError(`${error.message} - Use \`${deps.command.split(" ")[0]} plugin install\``);
      throw error;
    }
    deps.out.write(`${fullString(reference)}\n`);
  },
});
