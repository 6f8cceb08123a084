import { createHash, X509Certificate } from "node:crypto";
import { algorithm, newKeyPair, privateKeyPem, x509 } from "./x509.ts";

/** What signs: PEM of the certificate and of its private key. */
export interface Root {
  cert: string;
  key: string;
}

const years = 20;
const day = 24 * 3600 * 1000;
/** Clocks of other machines may be behind by so many milliseconds. */
export const backdated = 3600 * 1000;

/** A fresh root, for a new cluster or in the place of the one before. */
export async function newRoot(now = Date.now()): Promise<Root> {
  const library = await x509();
  const keys = await newKeyPair();
  const cert = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: "CN=swarm-ca",
    notBefore: new Date(now - backdated),
    notAfter: new Date(now + years * 365 * day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new library.BasicConstraintsExtension(true, 1, true),
      new library.KeyUsagesExtension(library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign, true),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${cert.toString("pem")}\n`, key: await privateKeyPem(keys.privateKey) };
}

/** Positive, 16 bytes, hexadecimal: no two certificates have the same. */
export function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return Buffer.from(bytes).toString("hex");
}

/** 50 of `[0-9a-z]` that stand for a root certificate in join tokens: SHA-256 of its bytes. */
export function rootDigest(pem: string): string {
  const hex = createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
  return BigInt(`0x${hex}`).toString(36).padStart(50, "0");
}

/** The certificates of a PEM, one by one. */
export const certificatesIn = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];

/**
 * `TLSInfo` of the Engine API for a bundle of trusted roots, with the one that has signed `cert`; without a certificate
 * with the first, which signs.
 */
export async function tlsInfo(
  trustRoot: string,
  cert?: string,
): Promise<{ TrustRoot: string; CertIssuerSubject: string; CertIssuerPublicKey: string }> {
  const { X509Certificate: Certificate } = await x509();
  const roots = certificatesIn(trustRoot);
  const signed = (root: string) => !cert || new X509Certificate(cert).verify(new X509Certificate(root).publicKey);
  const issuer = new Certificate(roots.find(signed) ?? trustRoot);
  return {
    TrustRoot: trustRoot,
    CertIssuerSubject: Buffer.from(issuer.subjectName.toArrayBuffer()).toString("base64"),
    CertIssuerPublicKey: Buffer.from(issuer.publicKey.rawData).toString("base64"),
  };
}
