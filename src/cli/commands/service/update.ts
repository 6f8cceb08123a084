import { inspectService, updateService } from "../../../client/services.ts";
import { exactArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseReference } from "../../reference.ts";
import { warn } from "./create.ts";
import { pinImage } from "./options/resolve.ts";
import { updateFlags } from "./options/update-flags.ts";
import { updatedSpec } from "./options/update-spec.ts";
import { waitOnService } from "./wait.ts";

/** Flags that say how the command goes on, not what the service is to be. */
const besides = ["rollback", "detach", "quiet", "with-registry-auth"];

export default defineCommand({
  usage: "[OPTIONS] SERVICE",
  args: exactArgs(1),
  flags: updateFlags,
  async run(deps, [name = ""], flags) {
    const { changed } = deps;
    const client = await deps.client();
    const { ID = name, Version, Spec = {} } = await inspectService(client, name);
    if (flags.rollback && [...changed].some((flag) => !besides.includes(flag)))
      throw new CliError("other flags may not be combined with --rollback");
    const spec = await updatedSpec(client, Spec, { flags, changed, cwd: process.cwd() });
    const image = spec.TaskTemplate?.ContainerSpec?.Image ?? "";
    const auth = flags["with-registry-auth"] ? await registryAuth(deps, parseReference(image).domain) : undefined;
    const unpinned = changed.has("image") && !flags["no-resolve-image"] ? await pinImage(client, spec, auth) : [];
    const { Warnings } = await updateService(client, ID, {
      version: Version?.Index ?? 0,
      spec,
      registryAuth: auth,
      ...(auth === undefined && { registryAuthFrom: "spec" }),
      rollback: flags.rollback,
    });
    warn(deps, [...(Warnings ?? []), ...unpinned]);
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    if (!flags.detach) await waitOnService(deps, name, flags.quiet, flags.rollback);
  },
});
