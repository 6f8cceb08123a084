import { RegistryError } from "./errors.ts";

/** The specification's grammars; anchored, linear, and asked before anything else sees the text. */
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export type DigestAlgorithm = "sha256" | "sha512";

/** Enough of a hostile text to recognise it, never all of it. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && repositoryPattern.test(name);
}

/** Throws NAME_INVALID. */
export function checkRepositoryName(name: string): string {
  if (name.length > 255) throw new RegistryError("NAME_INVALID", "repository name must not be more than 255 characters", { detail: { name: shorten(name) } });
  if (!repositoryPattern.test(name)) {
    throw new RegistryError("NAME_INVALID", `invalid repository name ${JSON.stringify(shorten(name))}: lower-case letters, digits and single separators (. _ - /) only`);
  }
  return name;
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** Throws DIGEST_INVALID. */
export function checkDigest(digest: string): string {
  if (!digestPattern.test(digest)) {
    throw new RegistryError("DIGEST_INVALID", `invalid digest ${JSON.stringify(shorten(digest))}: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits`);
  }
  return digest;
}

export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function digestOf(content: Uint8Array, algorithm: DigestAlgorithm = "sha256"): string {
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(content).digest("hex")}`;
}

export type Reference = { tag: string } | { digest: string };

/** The last part of a manifest's URL. Throws TAG_INVALID or DIGEST_INVALID. */
export function parseReference(text: string): Reference {
  if (text.includes(":")) return { digest: checkDigest(text) };
  return { tag: checkTag(text) };
}

/** Throws TAG_INVALID. */
export function checkTag(text: string): string {
  if (!tagPattern.test(text)) {
    throw new RegistryError("TAG_INVALID", `invalid tag ${JSON.stringify(shorten(text))}: at most 128 letters, digits, _ . and -, not beginning with . or -`);
  }
  return text;
}
