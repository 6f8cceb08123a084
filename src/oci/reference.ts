import { invalid } from "../lib/errors.ts";
import { isDigest, parseDigest } from "./digest.ts";

/** Names of images, in the grammar and with the defaults and error texts of Docker (distribution/reference). */
export interface Reference {
  /** Registry host, perhaps with a port: `docker.io`. */
  domain: string;
  /** Repository in it: `library/busybox`. */
  path: string;
  tag?: string;
  digest?: string;
}

const DEFAULT_DOMAIN = "docker.io";
const LEGACY_DOMAIN = "index.docker.io";
const OFFICIAL = "library/";
const DEFAULT_TAG = "latest";

const domainName = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domain = `(?:${domainName}(?:\\.${domainName})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const path = `${component}(?:/${component})*`;
const tag = "[\\w][\\w.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const grammar = new RegExp(`^(${domain})/(${path})(?::(${tag}))?(?:@(${digest}))?$`);
const tagGrammar = new RegExp(`^${tag}$`);

/** Parses what a person writes, and fills in Docker's defaults but for the tag. Throws `invalid`. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text))
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const { domain, remainder } = splitDomain(text);
  const remote = remainder.split(":", 1)[0] ?? "";
  if (remote.toLowerCase() !== remote)
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  const full = `${domain}/${remainder}`;
  const match = grammar.exec(full);
  if (!match)
    throw invalid(grammar.test(full.toLowerCase()) ? "repository name must be lowercase" : "invalid reference format");
  const [, matchedDomain = "", matchedPath = "", matchedTag, matchedDigest] = match;
  if (matchedPath.length > 255) throw invalid("repository name must not be more than 255 characters");
  return {
    domain: matchedDomain,
    path: matchedPath,
    ...(matchedTag !== undefined && { tag: matchedTag }),
    ...(matchedDigest !== undefined && { digest: parseDigest(matchedDigest) }),
  };
}

/** What stands where an image is asked for: a name, or a whole digest (with or without `sha256:`). */
export function parseAnyReference(text: string): Reference | { id: string } {
  if (/^[a-f0-9]{64}$/.test(text)) return { id: `sha256:${text}` };
  if (isDigest(text)) return { id: text };
  return parseReference(text);
}

/** Whether the text can be a tag. */
export function isTag(text: string): boolean {
  return tagGrammar.test(text);
}

/** Adds `:latest` where neither tag nor digest is given. */
export function withDefaultTag(ref: Reference): Reference {
  return ref.tag === undefined && ref.digest === undefined ? { ...ref, tag: DEFAULT_TAG } : ref;
}

/** `docker.io/library/busybox`: the repository's full name. */
export function repositoryOf(ref: Reference): string {
  return `${ref.domain}/${ref.path}`;
}

/** `docker.io/library/busybox:latest`: the whole in full, tag and digest as far as there are. */
export function fullString(ref: Reference): string {
  return repositoryOf(ref) + suffix(ref);
}

/**
 * What requests mean that give one reference in two parameters: another tag or digest for `name`. A digest in `name`
 * stays beside a tag, since it says which content is meant. Throws `invalid`.
 */
export function retagged(name: string, tagOrDigest: string): string {
  const { domain, path, digest } = parseReference(name);
  const repository = familiarName({ domain, path });
  if (/^[a-z0-9+.-]+:[0-9a-fA-F]{32,}$/.test(tagOrDigest)) return `${repository}@${tagOrDigest}`;
  if (!isTag(tagOrDigest)) throw invalid("invalid tag format");
  return `${repository}:${tagOrDigest}${digest === undefined ? "" : `@${digest}`}`;
}

/** `busybox`: the repository as people write it. */
export function familiarName(ref: Reference): string {
  if (ref.domain !== DEFAULT_DOMAIN) return repositoryOf(ref);
  return ref.path.startsWith(OFFICIAL) && !ref.path.slice(OFFICIAL.length).includes("/")
    ? ref.path.slice(OFFICIAL.length)
    : ref.path;
}

/** `busybox:latest`. */
export function familiarString(ref: Reference): string {
  return familiarName(ref) + suffix(ref);
}

/** The familiar form of a name that is stored in full. */
export function familiarOf(full: string): string {
  return familiarString(parseReference(full));
}

function suffix(ref: Reference): string {
  return (ref.tag === undefined ? "" : `:${ref.tag}`) + (ref.digest === undefined ? "" : `@${ref.digest}`);
}

/** The part before the first slash is a host only where it looks like one. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf("/");
  if (slash < 0) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL + text };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isHost = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !isHost || first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first;
  const remainder = isHost ? rest : text;
  return {
    domain,
    remainder: domain === DEFAULT_DOMAIN && !remainder.includes("/") ? OFFICIAL + remainder : remainder,
  };
}
