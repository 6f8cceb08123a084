import { pushImage } from "../../../client/images.ts";
import { exactArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { note } from "../../note.ts";
import { parsePlatform } from "../../platform.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarName, fullString, isNameOnly, parseReference, withDefaultTag } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";

export default defineCommand({
  usage: "[OPTIONS] NAME[:TAG]",
  args: exactArgs(1),
  flags: {
    "all-tags": bool("Send every tag of the repository", { short: "a" }),
    compression: string("How layers made here are compressed, where they were not before: gzip or zstd"),
    "disable-content-trust": trustFlag("Skip signing"),
    platform: string("Send the manifest of one platform only, os[/arch[/variant]], not the whole index", {
      minApi: "1.46",
    }),
    quiet: bool("Show no progress", { short: "q" }),
  },
  async run(deps, [name = ""], flags) {
    refuseContentTrust(deps, flags["disable-content-trust"]);
    if (flags.platform !== "") {
      parsePlatform(flags.platform);
      note(
        deps.out,
        deps.env,
        "Using --platform pushes only the specified platform manifest of a multi-platform image index.\nOther " +
          "components, like attestations, will not be included.\nTo push the complete multi-platform image, " +
          "remove the --platform flag.\n",
      );
    }
    const typed = parseReference(name);
    if (flags["all-tags"] && !isNameOnly(typed)) throw new CliError("tag can't be used with --all-tags/-a");
    const reference = flags["all-tags"] ? typed : withDefaultTag(typed);
    if (reference !== typed && !flags.quiet) deps.out.write(`Using default tag: ${reference.tag ?? ""}\n`);
    if (reference.digest !== undefined) throw new CliError("cannot push a digest reference");
    const messages = pushImage(await deps.client(), familiarName(reference), {
      ...(reference.tag !== undefined && { tag: reference.tag }),
      platform: flags.platform,
      ...(flags.compression !== "" && { compression: flags.compression }),
      registryAuth: await registryAuth(deps, reference.domain),
    });
    const notes: string[] = [];
    await displayProgress(deps.out, messages, { quiet: flags.quiet, onAux: (aux) => notes.push(...noteOf(aux)) });
    if (flags.quiet) deps.out.write(`${fullString(reference)}\n`);
    for (const text of notes) note(deps.out, deps.env, text);
  },
});

/** What the engine says for programs about a push of less than the whole index. */
function noteOf(aux: unknown): string[] {
  if (typeof aux !== "object" || aux === null) return [];
  if ("manifestPushedInsteadOfIndex" in aux && aux.manifestPushedInsteadOfIndex === true) {
    const digest = (key: string) => {
      const descriptor: unknown = key in aux ? Object.getOwnPropertyDescriptor(aux, key)?.value : undefined;
      return typeof descriptor === "object" && descriptor !== null && "digest" in descriptor
        ? String(descriptor.digest)
        : "";
    };
    return [
      "Not all multiplatform-content is present and only the available single-platform image was pushed\n" +
        `${digest("originalIndex")} -> ${digest("selectedManifest")}`,
    ];
  }
  if ("contentMissing" in aux && aux.contentMissing === true) {
    return [
      "The index names platforms whose content is neither here nor in the repository.\n\nFetch what is missing " +
        "and try again, or push one platform only with the --platform flag.",
    ];
  }
  return [];
}
