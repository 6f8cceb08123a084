import type { Endpoint } from "../client/endpoint.ts";
import { errorMessage } from "../lib/errors.ts";
import { contextEndpoint } from "./config/contexts.ts";
import type { ConfigFile } from "./config/file.ts";
import { CliError } from "./errors.ts";
import type { Globals } from "./globals.ts";

export const defaultHost = "unix:///run/berth/berth.sock";

export interface EngineChoice {
  env: Readonly<Record<string, string | undefined>>;
  globals: Globals;
  /** Long names of the global flags that were given. */
  given: ReadonlySet<string>;
  configDir: string;
  config(): Promise<ConfigFile>;
}

/**
 * The context in use by name: `-c`, none where `-H` or `DOCKER_HOST` is given, `DOCKER_CONTEXT`, the config's,
 * `default`.
 */
export async function currentContext({ env, globals, config }: EngineChoice): Promise<string> {
  if (globals.context !== "") return globals.context;
  if (globals.host.length > 0 || env["DOCKER_HOST"]) return "default";
  return env["DOCKER_CONTEXT"] || (await config()).currentContext || "default";
}

/** The engine to talk to, with its TLS files. */
export async function chooseEngine(choice: EngineChoice): Promise<Endpoint> {
  const { env, globals, given } = choice;
  const context = await currentContext(choice);
  if (context !== "default") {
    try {
      return await contextEndpoint(choice.configDir, context);
    } catch (error) {
      throw new CliError(`Failed to initialize: unable to resolve docker endpoint: ${errorMessage(error)}`);
    }
  }
  const host = globals.host[0] || env["DOCKER_HOST"] || defaultHost;
  const verify = given.has("tlsverify") ? globals.tlsverify : Boolean(env["DOCKER_TLS_VERIFY"]);
  const tls = verify || (given.has("tls") ? globals.tls : Boolean(env["DOCKER_TLS"]));
  if (!tls) return { host };
  const dir = env["DOCKER_CERT_PATH"] || choice.configDir;
  const file = (flag: "tlscacert" | "tlscert" | "tlskey", name: string) =>
    given.has(flag) ? globals[flag] : `${dir}/${name}`;
  const [ca, cert, key] = [file("tlscacert", "ca.pem"), file("tlscert", "cert.pem"), file("tlskey", "key.pem")];
  // As in docker, a pair by default that is not there is simply not used; the authority, and what was named, must
  // exist.
  const used = async (path: string, needed: boolean): Promise<boolean> => {
    const there = await Bun.file(path).exists();
    if (!there && needed)
      throw new CliError(
        `Failed to initialize: unable to resolve docker endpoint: open ${path}: no such file or directory`,
      );
    return there;
  };
  return {
    host,
    tls: {
      verify,
      ...((await used(ca, true)) && { ca }),
      ...((await used(cert, given.has("tlscert"))) && { cert }),
      ...((await used(key, given.has("tlskey"))) && { key }),
    },
  };
}
