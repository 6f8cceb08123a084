/** The `--docker host=…,ca=…` of `context create` and `update`. */

import { parseAddress } from "../../client/endpoint.ts";
import { errorMessage } from "../../lib/errors.ts";
import { CliError } from "../errors.ts";
import { systemWords } from "../files.ts";
import type { Flag } from "../flags/flag.ts";
import { parseBool } from "../flags/number.ts";
import { readTls, type TlsMaterial } from "./context-store.ts";
import { readContext } from "./contexts.ts";

const keys = ["from", "host", "ca", "cert", "key", "skip-tls-verify"];

export const dockerEndpointHelp = `Docker endpoint config:

NAME                DESCRIPTION
from                Context to take the endpoint of
host                Engine to talk to
ca                  Trust only servers whose certificate this CA signed
cert                Path of the client's TLS certificate
key                 Path of the client's TLS key
skip-tls-verify     Do not check the server's TLS certificate`;

/** `--docker a=b,c=d`, repeatable; null where it was not given. */
export function endpointFlag(): Flag<Readonly<Record<string, string>> | null> {
  return {
    type: "stringToString",
    help: "How to reach the engine",
    initial: null,
    set(current, text) {
      const pairs = Object.fromEntries(
        text
          .split(",")
          .filter((pair) => pair !== "")
          .map((pair) => {
            const at = pair.indexOf("=");
            if (at < 0) throw new Error(`${pair} must be formatted as key=value`);
            return [pair.slice(0, at), pair.slice(at + 1)];
          }),
      );
      return { ...current, ...pairs };
    },
  };
}

export interface StoredEndpoint {
  docker: { Host: string; SkipTLSVerify: boolean };
  tls: TlsMaterial;
}

/** Reads the endpoint's files and checks it; throws Docker's texts. */
export async function readEndpoint(
  configDir: string,
  config: Readonly<Record<string, string>>,
): Promise<StoredEndpoint> {
  try {
    const unknown = Object.keys(config).filter((key) => !keys.includes(key));
    if (unknown.length > 0) throw new Error(unknown.map((key) => `unrecognized config key: ${key}`).join("\n"));
    if (config["from"] !== undefined) {
      const { Endpoints } = await readContext(configDir, config["from"]);
      if (!Endpoints.docker) throw new Error(`unable to get endpoint from context ${JSON.stringify(config["from"])}`);
      const { docker } = await readTls(configDir, config["from"]);
      return {
        docker: { Host: Endpoints.docker.Host ?? "", SkipTLSVerify: Endpoints.docker.SkipTLSVerify === true },
        tls: docker ? { docker } : {},
      };
    }
    const files: Record<string, Uint8Array> = {};
    for (const part of ["ca", "cert", "key"] as const) {
      const path = config[part];
      if (path) files[`${part}.pem`] = await readPem(path);
    }
    const skip = config["skip-tls-verify"] === undefined ? false : readBool(config["skip-tls-verify"]);
    const Host = config["host"] ?? "";
    if (Host !== "") parseAddress(Host, Object.keys(files).length > 0);
    return { docker: { Host, SkipTLSVerify: skip }, tls: Object.keys(files).length > 0 ? { docker: files } : {} };
  } catch (error) {
    throw new CliError(`unable to create docker endpoint config: ${errorMessage(error)}`);
  }
}

async function readPem(path: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (error) {
    throw new Error(`open ${path}: ${systemWords(error)}`, { cause: error });
  }
}

function readBool(text: string): boolean {
  try {
    return parseBool(text);
  } catch {
    throw new Error(`skip-tls-verify: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
}
