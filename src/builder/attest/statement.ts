/** An in-toto statement (v1) as attestations of images hold it. */
export interface Statement {
  _type: "https://in-toto.io/Statement/v1";
  subject: { name: string; digest: Record<string, string> }[];
  predicateType: string;
  predicate: unknown;
}

/** Wraps a predicate into an in-toto statement (version 1) about one thing, named by its digest. */
export function statement(
  subject: { name: string; digest: string },
  predicateType: string,
  predicate: unknown,
): Statement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: subject.name, digest: digestSet(subject.digest) }],
    predicateType,
    predicate,
  };
}

/** `sha256:ab…` as `{"sha256": "ab…"}`; what has no algorithm is a commit of git. */
export function digestSet(digest: string): Record<string, string> {
  const colon = digest.indexOf(":");
  return colon < 0 ? { gitCommit: digest } : { [digest.slice(0, colon)]: digest.slice(colon + 1) };
}
