import { invalid } from "../../lib/errors.ts";
import { type Identity, unitOf } from "./identity.ts";
import { backdated, newSerial, type Root } from "./root.ts";
import { algorithm, newKeyPair, privateKeyOf, privateKeyPem, x509 } from "./x509.ts";

/** A node's certificate is good for 90 days where the cluster does not say otherwise. In milliseconds. */
export const usualLifetime = 90 * 24 * 3600 * 1000;
/** As good as for ever: whom etcd lets in, its list of members says. In milliseconds. */
const peerLifetime = 20 * 365 * 24 * 3600 * 1000;
/** No node has to ask for another one more often. In milliseconds. */
export const shortestLifetime = 3600 * 1000;

/** A fresh private key and the request for certificates of it, both PEM. The key never leaves its node. */
export async function newRequest(): Promise<{ key: string; request: string }> {
  const library = await x509();
  const keys = await newKeyPair();
  const request = await library.Pkcs10CertificateRequestGenerator.create({
    name: "CN=node",
    keys,
    signingAlgorithm: algorithm,
  });
  return { key: await privateKeyPem(keys.privateKey), request: `${request.toString("pem")}\n` };
}

/**
 * A node's certificate for what it has requested; whom it names, the cluster says, not the request. Throws `invalid` on
 * a request that is none, or that whoever sent it has no key for.
 */
export function issueNode(root: Root, request: string, { nodeId, role, clusterId }: Identity, lifetime: number) {
  return issue(root, request, `O=${clusterId}, OU=${unitOf(role)}, CN=${nodeId}`, lifetime, [nodeId, unitOf(role)]);
}

/**
 * A manager's certificate for its member of etcd and for asking it. It bears no common name: where etcd has users of
 * its own, its gateway takes none that does.
 */
export function issueEtcd(root: Root, request: string, clusterId: string, hosts: readonly string[]) {
  return issue(root, request, `O=${clusterId}, OU=swarm-etcd`, peerLifetime, hosts);
}

async function issue(
  root: Root,
  request: string,
  subject: string,
  lifetime: number,
  hosts: readonly string[],
): Promise<string> {
  const library = await x509();
  const asked = await readRequest(request);
  const now = Date.now();
  const issuer = new library.X509Certificate(root.cert);
  const signingKey = await privateKeyOf(root.key);
  const { serverAuth, clientAuth } = library.ExtendedKeyUsage;
  const cert = await library.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: issuer.subject,
    notBefore: new Date(now - backdated),
    notAfter: new Date(Math.min(now + lifetime, issuer.notAfter.getTime())),
    signingKey,
    publicKey: asked.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new library.BasicConstraintsExtension(false, undefined, true),
      new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
      new library.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
      new library.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: /^[0-9.]+$|:/.test(value) ? "ip" : "dns", value }) as const),
      ),
      await library.AuthorityKeyIdentifierExtension.create(issuer),
      await library.SubjectKeyIdentifierExtension.create(asked.publicKey),
    ],
  });
  return `${cert.toString("pem")}\n`;
}

async function readRequest(pem: string) {
  const { Pkcs10CertificateRequest } = await x509();
  try {
    const request = new Pkcs10CertificateRequest(pem);
    if (await request.verify()) return request;
  } catch (cause) {
    throw invalid("the certificate request cannot be read", cause);
  }
  throw invalid("the certificate request is not signed by its own key");
}
