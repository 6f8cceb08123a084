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
  long: (program) =>
    `Makes a context: a name for an engine and how to reach it.\n\n${dockerEndpointHelp}\n\nExample:\n\n$ ` +
    `${program} context create my-context --description "some description" --docker "host=tcp://myserver:2376,` +
    `ca=~/ca-file,cert=~/cert-file,key=~/key-file"`,
  flags: {
    description: string("Description of the context"),
    docker: endpointFlag(),
    from: string("Context to copy"),
  },
  async run(deps, [name = ""], { description, docker, from }) {
    await checkNewContext(deps.configDir, name);
    if (from === "" && docker) {
      const endpoint = await readEndpoint(deps.configDir, docker);
      await writeContext(deps.configDir, {
        Name: name,
        Metadata: { ...(description && { Description: description }) },
        Endpoints: { docker: endpoint.docker },
      });
      await replaceTls(deps.configDir, name, endpoint.tls);
    } else {
      if (docker && Object.keys(docker).length > 0) throw new CliError("cannot use --docker flag when --from is set");
      const source = from || (await contextName(deps));
      const meta = await findContext(deps, source);
      await writeContext(deps.configDir, {
        ...meta,
        Name: name,
        Metadata: { ...meta.Metadata, ...(description && { Description: description }) },
      });
      await replaceTls(deps.configDir, name, await readTls(deps.configDir, source));
    }
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    deps.err.write(`Successfully created context "${name}"\n`);
  },
});
