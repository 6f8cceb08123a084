import { errorMessage } from "../../../lib/errors.ts";
import { maxArgs } from "../../args.ts";
import { eraseCredentials, hubKey, registryHost } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";

export default defineCommand({
  usage: "[SERVER]",
  args: maxArgs(1),
  long: "Logs out from a registry, Docker Hub if none is named.",
  flags: {},
  async run(deps, [server = ""]) {
    const host = server === "" ? hubKey : registryHost(server);
    // Older clients stored credentials under these forms of the name, too.
    const names = server === "" ? [hubKey] : [server, host, `http://${host}`, `https://${host}`];
    deps.out.write(`Removing login credentials for ${host}\n`);
    const failures: string[] = [];
    for (const name of names) {
      await eraseCredentials(deps, name).catch((error: unknown) => failures.push(`${name}: ${errorMessage(error)}\n`));
    }
    if (failures.length < names.length) return;
    await deps.out.flush();
    deps.err.write(`WARNING: could not erase credentials:\n${failures.join("")}`);
  },
});
