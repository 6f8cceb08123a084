/**
 * Image references as Docker reads them: `[domain[:port]/]path[:tag][@digest]`, with `docker.io/library/` left
 * out in their familiar form. Error texts are those of the reference grammar's own parser.
 */
export interface Reference {
  /** `docker.io`, `localhost:5000` */
  domain: string;
  /** `library/busybox` */
  path: string;
  tag?: string;
  digest?: string;
}

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domain = String.raw`(?:${label}(?:\.${label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
const component = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const tag = String.raw`[\w][\w.-]{0,127}`;
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const grammar = new RegExp(`^(${domain})/(${component}(?:/${component})*)(?::(${tag}))?(?:@(${digest}))?$`);

/** Parses a name as users type it; throws `invalid reference format…`. */
export function parseReference(name: string): Reference {
  if (/^[a-f0-9]{64}$/.test(name)) {
    throw new Error(`invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`);
  }
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  let [host, rest] = ["docker.io", name];
  if (first !== "" && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase())) {
    [host, rest] = [first === "index.docker.io" ? "docker.io" : first, name.slice(slash + 1)];
  }
  if (host === "docker.io" && !rest.includes("/")) rest = `library/${rest}`;
  const repository = rest.split(/[@:]/)[0] ?? "";
  if (repository !== repository.toLowerCase()) {
    throw new Error(`invalid reference format: repository name (${repository}) must be lowercase`);
  }
  const match = grammar.exec(`${host}/${rest}`);
  if (!match) throw new Error("invalid reference format");
  const [, domainPart = "", path = "", tag, digest] = match;
  if (path.length > 255) throw new Error("repository name must not be more than 255 characters");
  return { domain: domainPart, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

export function isNameOnly({ tag, digest }: Reference): boolean {
  return tag === undefined && digest === undefined;
}

/** With the tag `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return isNameOnly(reference) ? { ...reference, tag: "latest" } : reference;
}

/** The repository as people write it: `busybox`, `user/app`, `localhost:5000/app`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== "docker.io") return `${domain}/${path}`;
  return /^library\/[^/]+$/.test(path) ? path.slice(8) : path;
}

const suffix = ({ tag, digest }: Reference) =>
  (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);

export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** `docker.io/library/busybox:latest` */
export function fullString(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}
