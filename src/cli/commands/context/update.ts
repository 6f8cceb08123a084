import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { dockerEndpointHelp, endpointFlag, readEndpoint } from "../../config/context-endpoint.ts";
import { checkContextName, replaceTls, writeContext } from "../../config/context-store.ts";
import { readContext } from "../../config/contexts.ts";
import { string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTEXT",
  args: exactArgs(1),
  long: `Changes a context.\n\n${dockerEndpointHelp}\n\nExample:\n\n$ berth context update my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"`,
  flags: {
    description: string("Description of the context"),
    docker: endpointFlag(),
  },
  async run(ctx, [name = ""], { description, docker }) {
    checkContextName(name);
    const meta = await readContext(ctx.configDir, name);
    const endpoint = docker ? await readEndpoint(ctx.configDir, docker) : null;
    await writeContext(ctx.configDir, {
      ...meta,
      Metadata: { ...meta.Metadata, ...(description && { Description: description }) },
      Endpoints: { ...meta.Endpoints, ...(endpoint && { docker: endpoint.docker }) },
    });
    if (endpoint) await replaceTls(ctx.configDir, name, endpoint.tls, "docker");
    ctx.out.write(`${name}\n`);
    await ctx.out.flush();
    ctx.err.write(`Successfully updated context "${name}"\n`);
  },
});
