import { createService } from "../../../client/services.ts";
import { minArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { parseReference } from "../../reference.ts";
import { createFlags } from "./options/create-flags.ts";
import { createSpec } from "./options/create-spec.ts";
import { pinImage } from "./options/resolve.ts";

import { waitOnService } from "./wait.ts";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: minArgs(1),
  interspersed: false,
  flags: createFlags,
  async run(deps, [image = "", ...args], flags) {
    const client = await deps.client();
    const input = { flags, changed: deps.changed, image, args, cwd: process.cwd(), env: deps.env };
    const spec = await createSpec(client, input);
    const auth = flags["with-registry-auth"] ? await registryAuth(deps, parseReference(image).domain) : undefined;
    const unpinned = flags["no-resolve-image"] ? [] : await pinImage(client, spec, auth);
    const { ID, Warnings } = await createService(client, spec, auth);
    warn(deps, [...(Warnings ?? []), ...unpinned]);
    deps.out.write(`${ID}\n`);
    await deps.out.flush();
    if (!flags.detach) await waitOnService(deps, ID, flags.quiet);
  },
});

/** What the engine has to say of a service that it took all the same. */
export function warn({ err }: CommandDeps, warnings: readonly string[]): void {
  for (const warning of warnings) err.write(`${warning}\n`);
}
