import { mkdir } from "node:fs/promises";
import type { Client } from "../../client/client.ts";
import { createContainer, exportContainer, removeContainer } from "../../client/containers.ts";
import { pushImage, saveImages } from "../../client/images.ts";
import { registryAuth } from "../auth/credentials.ts";
import type { CommandContext } from "../context.ts";
import { unpackArchive } from "../copy/unpack.ts";
import { CliError } from "../errors.ts";
import { displayProgress } from "../progress/display.ts";
import { parseReference, withDefaultTag } from "../reference.ts";
import { writeAtomically, writeThrough } from "../write-output.ts";
import type { BuildOutput } from "./inputs.ts";

/** Brings a built image to where `--output` wants it. */
export async function exportBuild(ctx: CommandContext, client: Client, imageId: string, output: BuildOutput, tags: readonly string[]): Promise<void> {
  switch (output.type) {
    case "local":
      await mkdir(output.dest, { recursive: true });
      return withRootfs(client, imageId, (tar) => unpackArchive(tar, output.dest, { rename: (name) => name, keepOwners: false }));
    case "tar": return withRootfs(client, imageId, (tar) => deliver(ctx, output.dest, tar));
    case "oci":
    case "docker": {
      const { body } = await saveImages(client, tags.length > 0 ? tags : [imageId]);
      return deliver(ctx, output.dest, body);
    }
    case "image": {
      if (!output.push) return;
      const names = output.names.length > 0 ? output.names : tags;
      if (names.length === 0) throw new CliError("tag is needed when pushing to registry");
      for (const name of names) {
        const reference = withDefaultTag(parseReference(name));
        await displayProgress(ctx.out, pushImage(client, name.replace(/:[^:/]*$/, ""), { ...(reference.tag !== undefined && { tag: reference.tag }), registryAuth: await registryAuth(ctx, reference.domain) }));
      }
    }
  }
}

function deliver(ctx: CommandContext, dest: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (dest !== "-") return writeAtomically(dest, body, "failed to write the build's output");
  if (ctx.out.isTerminal) throw new CliError("refusing to write an archive to a terminal: name a file with dest=, or redirect");
  return writeThrough(ctx.out, body);
}

/** The root filesystem of an image, through a container that never runs. */
async function withRootfs(client: Client, image: string, take: (tar: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void> {
  const { Id } = await createContainer(client, { Image: image, Cmd: ["none"], HostConfig: { NetworkMode: "none" } });
  try {
    const { body } = await exportContainer(client, Id);
    await take(body);
  } finally {
    await removeContainer(client, Id, { volumes: true, force: true });
  }
}
