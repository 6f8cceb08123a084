import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { dockerEndpointHelp, endpointFlag, readEndpoint } from "../../config/context-endpoint.ts";
import { checkContextName, replaceTls, writeContext } from "../../config/context-store.ts";
import { readContext } from "../../config/contexts.ts";
import { string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTEXT",
  args: exactArgs(1),
  long: (program) =>
    `Changes a context.\n\n${dockerEndpointHelp}\n\nExample:\n\n$ ${program} context update my-context ` +
    `--description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,` +
    `key=~/key-file"`,
  flags: {
    description: string("Description of the context"),
    docker: endpointFlag(),
  },
  async run(deps, [name = ""], { description, docker }) {
    checkContextName(name);
    const meta = await readContext(deps.configDir, name);
    const endpoint = docker ? await readEndpoint(deps.configDir, docker) : null;
    await writeContext(deps.configDir, {
      ...meta,
      Metadata: { ...meta.Metadata, ...(description && { Description: description }) },
      Endpoints: { ...meta.Endpoints, ...(endpoint && { docker: endpoint.docker }) },
    });
    if (endpoint) await replaceTls(deps.configDir, name, endpoint.tls, "docker");
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    deps.err.write(`Successfully updated context "${name}"\n`);
  },
});
