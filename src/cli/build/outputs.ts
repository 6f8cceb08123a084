import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { imageRootfs } from "../../client/build.ts";
import type { Client } from "../../client/client.ts";
import { pushImage, saveImages } from "../../client/images.ts";
import { registryAuth } from "../auth/credentials.ts";
import { unpackArchive } from "../copy/unpack.ts";
import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";
import { displayProgress } from "../progress/display.ts";
import { familiarString, parseReference, withDefaultTag } from "../reference.ts";
import { writeAtomically, writeThrough } from "../write-output.ts";
import type { Built } from "./built.ts";
import type { BuildOutput } from "./inputs.ts";

/**
 * Brings a built image to where `--output` wants it. `quiet`: without a word, since the id is all that is asked for.
 */
export async function exportBuild(
  deps: CommandDeps,
  client: Client,
  built: Built,
  output: BuildOutput,
  { tags, quiet }: { tags: readonly string[]; quiet: boolean },
): Promise<void> {
  switch (output.type) {
    case "local":
      for (const { id, folder } of roots(built)) {
        const dest = join(output.dest, folder);
        await mkdir(dest, { recursive: true });
        await unpackArchive(await imageRootfs(client, id), dest, { rename: (name) => name, keepOwners: false });
      }
      return;
    case "tar": {
      if (built.images.length > 1)
        throw new CliError("an archive holds the files of one platform: use type=local or type=oci for several");
      return deliver(deps, output.dest, await imageRootfs(client, built.id));
    }
    case "oci":
    case "docker": {
      // A name without a tag would mean all tags.
      const names = tags.length > 0 ? tags : output.names;
      const { body } = await saveImages(
        client,
        names.length > 0 ? names.map((tag) => familiarString(withDefaultTag(parseReference(tag)))) : [built.id],
      );
      return deliver(deps, output.dest, body);
    }
    case "image": {
      if (!output.push) return;
      const names = tags.length > 0 ? tags : output.names;
      if (names.length === 0) throw new CliError("tag is needed when pushing to registry");
      for (const name of names) {
        const reference = withDefaultTag(parseReference(name));
        await displayProgress(
          deps.out,
          pushImage(client, name.replace(/:[^:/]*$/, ""), {
            ...(reference.tag !== undefined && { tag: reference.tag }),
            registryAuth: await registryAuth(deps, reference.domain),
          }),
          { quiet },
        );
      }
    }
  }
}

function deliver(deps: CommandDeps, dest: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (dest !== "-") return writeAtomically(dest, body, "failed to write the build's output");
  if (deps.out.isTerminal)
    throw new CliError("refusing to write an archive to a terminal: name a file with dest=, or redirect");
  return writeThrough(deps.out, body);
}

/** The images whose files are written, each of several below a folder of its platform's name. */
function roots({ id, images }: Built): { id: string; folder: string }[] {
  return images.length > 1
    ? images.map((each) => ({ id: each.id, folder: each.platform.replaceAll("/", "_") }))
    : [{ id, folder: "" }];
}
