import { invalid } from "../lib/errors.ts";

/** Digests are `sha256:` and 64 hex digits in lower case; other algorithms of the specification are not in use anywhere. */
const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return pattern.test(text);
}

/** Throws as Docker does where it is none. */
export function parseDigest(text: string): string {
  if (pattern.test(text)) return text;
  if (!/^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/i.test(text)) throw invalid("invalid checksum digest format");
  if (!text.startsWith("sha256:")) throw invalid("unsupported digest algorithm");
  throw invalid(text.length === 71 ? "invalid checksum digest format" : "invalid checksum digest length");
}

export function digestOf(content: Uint8Array | string): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`;
}

export function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
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
