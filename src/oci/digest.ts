import { invalid } from "../lib/errors.ts";

/** The algorithms of the specification; hex digits are in lower case. */
const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The algorithms that digests may have here, as the text before the colon names them. */
export type DigestAlgorithm = "sha256" | "sha512";

/** Whether the text is a whole digest by sha256 or sha512. */
export function isDigest(text: string): boolean {
  return pattern.test(text);
}

/** Throws as Docker does where it is none. */
export function parseDigest(text: string): string {
  if (pattern.test(text)) return text;
  if (!/^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/i.test(text)) throw invalid("invalid checksum digest format");
  if (!/^sha(256|512):/.test(text)) throw invalid("unsupported digest algorithm");
  throw invalid(
    text.length === (algorithmOf(text) === "sha256" ? 71 : 135)
      ? "invalid checksum digest format"
      : "invalid checksum digest length",
  );
}

/** By sha256 unless told otherwise: ids are. */
export function digestOf(content: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): string {
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(content).digest("hex")}`;
}

/** Of a digest that was checked. */
export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The hex digits of a digest, without its algorithm. */
export function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Where an image layout keeps content: `blobs/sha256/<hex>`. */
export function layoutPath(digest: string): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** Names the root filesystem that layers make, base first (OCI image specification, "Layer ChainID"). */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}
