import type { Service } from "../../../api/types/swarm.ts";
import type { Client } from "../../../client/client.ts";
import { isNotFound } from "../../../client/errors.ts";
import { inspectNetworkRaw } from "../../../client/networks.ts";
import { inspectServiceRaw } from "../../../client/services.ts";
import { decodeJson } from "../../../lib/parse-json.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { prettyFlags, printPretty } from "../../format/pretty.ts";

export default defineCommand({
  usage: "[OPTIONS] SERVICE [SERVICE...]",
  args: minArgs(1),
  flags: prettyFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    await printPretty<Service>(deps, names, flags, {
      kind: "service",
      rawToo: false,
      getRaw: async (name) => {
        try {
          return await inspectServiceRaw(client, name);
        } catch (error) {
          throw isNotFound(error) ? new Error(`Error: no such service: ${name}`) : error;
        }
      },
      pretty: async (service) => {
        const { prettyService } = await import("../../format/service-text.ts");
        return prettyService(service, await networkNames(client, service));
      },
    });
  },
});

/** Names of the service's networks, in order; one that is gone stays an id. */
async function networkNames(client: Client, { Spec }: Service): Promise<string[]> {
  const names: string[] = [];
  for (const { Target = "" } of Spec?.TaskTemplate?.Networks ?? Spec?.Networks ?? []) {
    const raw = await inspectNetworkRaw(client, Target, { scope: "swarm" }).catch(() => null);
    const network: { Name?: string } = raw === null ? {} : decodeJson(raw);
    names.push(network.Name ?? Target);
  }
  return names;
}
