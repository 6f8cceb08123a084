/** Who is calling, and what a token of theirs was limited to. */
export interface Identity {
  /** Null: nobody in particular. */
  user: string | null;
  /** What the token they came with allows; undefined: all that the rules give the user. */
  scopes?: Scope[];
}

/** What can be done to a repository; `delete` covers manifests, tags and blobs. */
export type Action = "pull" | "push" | "delete";

/**
 * What a token allows: `type` is `repository` (or `registry` for the catalogue), `name` the repository's, and the
 * action `*` means all of them. The form is that of the distribution project's token specification.
 */
export interface Scope {
  type: string;
  name: string;
  actions: string[];
}

/** Decides who is calling and what they may do. */
export interface Authority {
  /** How people log in; `none` where the registry is open to all. */
  readonly kind: "none" | "basic" | "token";

  /** Throws UNAUTHORIZED for credentials that are wrong; without any it is nobody. */
  authenticate(request: Request, url: URL): Promise<Identity>;

  may(identity: Identity, repository: string, action: Action): boolean;

  /** The `WWW-Authenticate` value that tells a client how to come back. */
  challenge(request: Request, scope?: Scope): string;
}

/** Everybody may do everything: for loopback and trusted networks. */
export const openAuthority: Authority = {
  kind: "none",
  authenticate: async () => ({ user: null }),
  may: () => true,
  challenge: () => "",
};
