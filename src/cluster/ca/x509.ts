import type * as X509 from "@peculiar/x509";

/** How every key of a cluster is made and used. */
export const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

let loaded: Promise<typeof X509> | undefined;

/** The library for certificates, loaded by the first who needs it: engines without a cluster never do. */
export function x509(): Promise<typeof X509> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof X509> {
  await import("reflect-metadata");
  const library = await import("@peculiar/x509");
  library.cryptoProvider.set(crypto);
  return library;
}

/** A fresh key pair. */
export function newKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** A private key as PEM (PKCS 8). */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  const { PemConverter } = await x509();
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

/** A private key from PEM (PKCS 8). Throws where it is none. */
export async function privateKeyOf(pem: string): Promise<CryptoKey> {
  const { PemConverter } = await x509();
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), algorithm, true, ["sign"]);
}
