import { CliError } from "./errors.ts";
import type { Flag, FlagValues } from "./flags/flag.ts";
import { bool, list, string } from "./flags/kinds.ts";

/** The flags that stand before the command. */
export function globalFlags(home: string) {
  return {
    config: string("Directory of the client's configuration", { default: `${home}/.docker` }),
    context: string("Context that names the engine to talk to (in place of DOCKER_HOST and the context in use)", {
      short: "c",
    }),
    debug: bool("Say more about what goes on", { short: "D" }),
    host: oneOnly(list("Address of the engine to talk to", { short: "H" })),
    "log-level": string('How much to log: "debug", "info", "warn", "error", "fatal"', { short: "l", default: "info" }),
    tls: bool("Talk TLS; --tlsverify implies it"),
    tlscacert: string("Trust only servers whose certificate this CA signed", { default: `${home}/.docker/ca.pem` }),
    tlscert: string("Certificate to show to the server", { default: `${home}/.docker/cert.pem` }),
    tlskey: string("Key of that certificate", { default: `${home}/.docker/key.pem` }),
    tlsverify: bool("Talk TLS and check who the server is"),
    version: bool("Print the version and quit", { short: "v" }),
  };
}

/** A list for Docker's sake, which says so in help texts, though only one is taken. */
function oneOnly(flag: Flag<readonly string[]>): Flag<readonly string[]> {
  return {
    ...flag,
    set(current, text) {
      if (current.length > 0) throw new Error("specify only one -H");
      return flag.set(current, text);
    },
  };
}

export type Globals = FlagValues<ReturnType<typeof globalFlags>>;

/** Refuses combinations that docker refuses. */
export function checkGlobals(globals: Globals): void {
  if (globals.host.length > 0 && globals.context !== "") {
    throw new CliError("conflicting options: cannot specify both --host and --context");
  }
  if (
    !["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"].includes(
      globals["log-level"].toLowerCase(),
    )
  ) {
    throw new CliError(`Unable to parse logging level: ${globals["log-level"]}`);
  }
}
