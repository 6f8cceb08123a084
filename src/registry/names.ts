import { isDigest } from "../oci/digest.ts";
import { RegistryError } from "./errors.ts";

/** The specification's grammars; anchored, linear, and asked before anything else sees the text. */
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export { algorithmOf, type DigestAlgorithm, digestOf, isDigest } from "../oci/digest.ts";

/** Enough of a hostile text to recognise it, never all of it. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** True for a name after the specification's grammar, of at most 255 characters. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && repositoryPattern.test(name);
}

/** Hands back a name that follows the specification's grammar; throws NAME_INVALID for any other. */
export function checkRepositoryName(name: string): string {
  if (name.length > 255)
    throw new RegistryError("NAME_INVALID", "repository name must not be more than 255 characters", {
      detail: { name: shorten(name) },
    });
  if (!repositoryPattern.test(name)) {
    throw new RegistryError(
      "NAME_INVALID",
      `invalid repository name ${JSON.stringify(shorten(name))}: lower-case letters, digits and single ` +
        "separators (. _ - /) only",
    );
  }
  return name;
}

/** True for a tag after the specification's grammar: at most 128 characters. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Hands back a sha256 or sha512 digest; throws DIGEST_INVALID for anything else. */
export function checkDigest(digest: string): string {
  if (!isDigest(digest)) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `invalid digest ${JSON.stringify(shorten(digest))}: sha256 with 64 or sha512 with 128 lower-case ` +
        "hexadecimal digits",
    );
  }
  return digest;
}

/** What names a manifest within its repository. */
export type Reference = { tag: string } | { digest: string };

/** The last part of a manifest's URL. Throws TAG_INVALID or DIGEST_INVALID. */
export function parseReference(text: string): Reference {
  if (text.includes(":")) return { digest: checkDigest(text) };
  return { tag: checkTag(text) };
}

/** Hands back a tag that follows the specification's grammar; throws TAG_INVALID for any other. */
export function checkTag(text: string): string {
  if (!tagPattern.test(text)) {
    throw new RegistryError(
      "TAG_INVALID",
      `invalid tag ${JSON.stringify(shorten(text))}: at most 128 letters, digits, _ . and -, not beginning with . or -`,
    );
  }
  return text;
}
