import { importImage } from "../../../client/images.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { list, string } from "../../flags/kinds.ts";
import { openInput } from "../../open-input.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarName, parseReference } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  args: minArgs(1),
  flags: {
    change: list("Apply a Dockerfile instruction to the image", { short: "c" }),
    message: string("Message to keep with the image", { short: "m" }),
    platform: string("Platform that the image is for", { minApi: "1.32" }),
  },
  async run(deps, [source = "", name = ""], flags) {
    const reference = name === "" ? null : parseReference(name);
    const isUrl = /^https?:\/\//.test(source);
    const body = isUrl ? undefined : source === "-" ? deps.stdin.stream() : await openInput(source);
    const messages = importImage(await deps.client(), {
      fromSrc: isUrl ? source : "-",
      ...(reference && { repo: familiarName(reference), tag: reference.tag ?? "" }),
      message: flags.message,
      changes: flags.change,
      platform: flags.platform || deps.env["DOCKER_DEFAULT_PLATFORM"] || "",
      ...(body && { body }),
    });
    await displayProgress(deps.out, messages);
  },
});
