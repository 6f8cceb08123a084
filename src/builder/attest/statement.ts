/** What a statement is about: an image, or a file of a result. */
export interface Subject {
  name: string;
  digest: string;
}

/** An in-toto statement (version 0.1, as BuildKit makes them) as attestations hold it. */
export interface Statement {
  _type: "https://in-toto.io/Statement/v0.1";
  subject: { name: string; digest: Record<string, string> }[];
  predicateType: string;
  predicate: unknown;
}

/** Wraps a predicate into an in-toto statement about things, each named by its digest. */
export function statement(subjects: readonly Subject[], predicateType: string, predicate: unknown): Statement {
  return {
    _type: "https://in-toto.io/Statement/v0.1",
    subject: subjects.map(({ name, digest }) => ({ name, digest: digestSet(digest) })),
    predicateType,
    predicate,
  };
}

/** `sha256:ab…` as `{"sha256": "ab…"}`; what has no algorithm is a commit of git. */
export function digestSet(digest: string): Record<string, string> {
  const colon = digest.indexOf(":");
  return colon < 0 ? { gitCommit: digest } : { [digest.slice(0, colon)]: digest.slice(colon + 1) };
}
