import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { dockerEndpointHelp, endpointFlag, readEndpoint } from "../../config/context-endpoint.ts";
import { checkNewContext, findContext, readTls, replaceTls, writeContext } from "../../config/context-store.ts";
import { contextName } from "../../context-name.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTEXT",
  args: exactArgs(1),
  long: `Makes a context: a name for an engine and how to reach it.\n\n${dockerEndpointHelp}\n\nExample:\n\n$ berth context create my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"`,
  flags: {
    description: string("Description of the context"),
    docker: endpointFlag(),
    from: string("Context to copy"),
  },
  async run(ctx, [name = ""], { description, docker, from }) {
    await checkNewContext(ctx.configDir, name);
    if (from === "" && docker) {
      const endpoint = await readEndpoint(ctx.configDir, docker);
      await writeContext(ctx.configDir, { Name: name, Metadata: { ...(description && { Description: description }) }, Endpoints: { docker: endpoint.docker } });
      await replaceTls(ctx.configDir, name, endpoint.tls);
    } else {
      if (docker && Object.keys(docker).length > 0) throw new CliError("cannot use --docker flag when --from is set");
      const source = from || (await contextName(ctx));
      const meta = await findContext(ctx, source);
      await writeContext(ctx.configDir, { ...meta, Name: name, Metadata: { ...meta.Metadata, ...(description && { Description: description }) } });
      await replaceTls(ctx.configDir, name, await readTls(ctx.configDir, source));
    }
    ctx.out.write(`${name}\n`);
    await ctx.out.flush();
    ctx.err.write(`Successfully created context "${name}"\n`);
  },
});
