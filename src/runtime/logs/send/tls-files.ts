import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorMessage, invalid } from "../../../lib/errors.ts";

/** What a connection by TLS goes by, as read from files. */
export interface TlsFiles {
  /** PEM; absent: the machine's authorities. */
  ca?: string;
  cert?: string;
  key?: string;
  /** The other side may be anybody. */
  insecure: boolean;
  /** The name that its certificate is for; absent: the host's. */
  serverName?: string;
}

/** Paths of the files, and what is to be known of them. */
export interface TlsPaths {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  insecure: boolean;
  serverName?: string | undefined;
}

/** Reads them. Throws `invalid` in Docker's words: `could not read CA certificate "/x": open /x: …`. */
export function readTlsFiles({ ca, cert, key, insecure, serverName }: TlsPaths): TlsFiles {
  return {
    insecure,
    ...(ca && { ca: readAuthority(ca) }),
    ...((cert || key) && readPair(cert ?? "", key ?? "")),
    ...(serverName && { serverName }),
  };
}

function readAuthority(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(`could not read CA certificate ${JSON.stringify(path)}: ${errorMessage(error)}`, error);
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw invalid(`failed to append certificates from PEM file: ${JSON.stringify(path)}`);
  return pem;
}

function readPair(cert: string, key: string): { cert: string; key: string } {
  try {
    const pair = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    createPrivateKey(pair.key);
    return pair;
  } catch (error) {
    throw invalid(`could not load X509 key pair: ${errorMessage(error)}. Make sure the key is not encrypted`, error);
  }
}
