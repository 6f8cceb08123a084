import type { Client } from "../../../client/client.ts";
import { pullImage } from "../../../client/images.ts";
import { registryAuth } from "../../auth/credentials.ts";
import type { CommandDeps } from "../../deps.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarName, parseReference, withDefaultTag } from "../../reference.ts";

/**
 * Pulls the image that a container needs; progress goes to standard error, which the container's output does not share.
 */
export async function pullForContainer(
  deps: CommandDeps,
  client: Client,
  image: string,
  { platform, quiet }: { platform: string; quiet: boolean },
): Promise<void> {
  const reference = withDefaultTag(parseReference(image));
  const messages = pullImage(client, {
    fromImage: familiarName(reference),
    tag: reference.digest ?? reference.tag ?? "",
    platform,
    registryAuth: await registryAuth(deps, reference.domain),
  });
  await displayProgress(deps.err, messages, { quiet });
}
