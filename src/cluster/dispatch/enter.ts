import { EngineError, internal } from "../../lib/errors.ts";
import { newRequest } from "../ca/issue.ts";
import { certificatesIn, rootDigest } from "../ca/root.ts";
import { digestInToken } from "../ca/tokens.ts";
import { callJson } from "./json-calls.ts";
import { admission, type Membership, membership, paths, rootAnswer } from "./messages.ts";
import { type Credentials, dialManager } from "./transport.ts";

/** What makes a machine a node: its place in the cluster, and the key of its certificate. */
export interface Entered extends Membership {
  key: string;
}

/**
 * Asks a manager to be taken in. First for the cluster's roots, which the token tells from others; then, over a
 * connection that these vouch for, for a certificate: the token goes to nobody else. Throws `internal` on a malformed
 * token or another root, `invalid` on a token that is not good any more, `unavailable` where there is no manager.
 */
export async function enterCluster(
  address: string,
  token: string,
  availability: "active" | "pause" | "drain",
): Promise<Entered> {
  const trust = await trustedRoot(address, digestInToken(token));
  const { key, request } = await newRequest();
  const client = await dialManager(address, { manager: { trust } });
  try {
    const member = await callJson(client, paths.join, { token, request, availability }, membership);
    return { ...member, key };
  } finally {
    client.close();
  }
}

/** Another certificate for a node that has one. Throws `not-found` where it was removed from the cluster. */
export async function renewCertificate(address: string, credentials: Credentials): Promise<Entered> {
  const { key, request } = await newRequest();
  const client = await dialManager(address, { manager: credentials });
  try {
    return { ...(await callJson(client, paths.renew, { request }, membership)), key };
  } finally {
    client.close();
  }
}

/** Asks a manager to let this node be one. Throws `forbidden` where it is not to be. */
export async function askAdmission(address: string, credentials: Credentials, host: string) {
  const { key, request } = await newRequest();
  const client = await dialManager(address, { manager: credentials });
  try {
    return { ...(await callJson(client, paths.admit, { request, address: host }, admission)), peerKey: key };
  } finally {
    client.close();
  }
}

async function trustedRoot(address: string, digest: string): Promise<string> {
  const client = await dialManager(address, "anybody");
  let bundle: string;
  try {
    ({ trust: bundle } = await callJson(client, paths.root, {}, rootAnswer));
  } catch (error) {
    if (error instanceof EngineError && error.kind === "unavailable") throw error;
    throw internal(`${address} does not tell its cluster's root`, error);
  } finally {
    client.close();
  }
  const found = certificatesIn(bundle).find((pem) => rootDigest(pem) === digest);
  if (!found) throw internal(`remote CA does not match fingerprint. Expected: ${digest}`);
  return found;
}
