import { pullImage } from "../../../client/images.ts";
import type { Client } from "../../../client/client.ts";
import { registryAuth } from "../../auth/credentials.ts";
import type { CommandContext } from "../../context.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarName, parseReference, withDefaultTag } from "../../reference.ts";

/** Pulls the image that a container needs; progress goes to standard error, which the container's output does not share. */
export async function pullForContainer(ctx: CommandContext, client: Client, image: string, { platform, quiet }: { platform: string; quiet: boolean }): Promise<void> {
  const reference = withDefaultTag(parseReference(image));
  const messages = pullImage(client, {
    fromImage: familiarName(reference),
    tag: reference.digest ?? reference.tag ?? "",
    platform,
    registryAuth: await registryAuth(ctx, reference.domain),
  });
  await displayProgress(ctx.err, messages, { quiet });
}
