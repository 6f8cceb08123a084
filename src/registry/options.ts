import type { LogLevel } from "../lib/log.ts";
import type { Action } from "./auth/authority.ts";

/** One rule of the access file: these users may do these things in these repositories. */
export interface AccessRule {
  /** User names; `*`: whoever has logged in; `anonymous`: everybody. */
  users: string[];
  /** Patterns of patterns.ts. */
  repositories: string[];
  actions: Action[];
}

/** How many bytes each repository whose name fits one of the patterns may hold. */
export interface Quota {
  repositories: string[];
  bytes: number;
}

/** What collection removes by itself, in the repositories that it names. Times in milliseconds. */
export interface RetentionRule {
  repositories: string[];
  /** Tags that no rule removes. */
  keepTags: string[];
  /** So many of the latest tags stay. */
  keepLast?: number;
  /** Tags not pushed for so long go. With neither this nor `keepLast` no tag goes. */
  olderThan?: number;
  /** Tags neither pushed nor pulled for so long go. */
  unpulled?: number;
  /** Manifests that have had no tag for so long go. */
  untagged?: number;
}

/** Another registry whose images are served from here. Without `username` it is asked as nobody in particular. */
export interface MirrorOptions {
  /** First part of the repository's name here; empty: whatever no other mirror has. */
  prefix: string;
  /** Upstream's address, without `/v2/`. */
  url: string;
  username?: string;
  password?: string;
  /** Milliseconds for which a tag is not asked for again. */
  ttl: number;
}

/** A bucket for the blobs. `prefix` goes before every key; what is undefined, the client of S3 decides. */
export interface S3Options {
  bucket: string;
  prefix: string;
  endpoint?: string;
  region?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  virtualHosted: boolean;
  /** Send clients to the bucket itself, by signed addresses. */
  redirect: boolean;
}

/** How people log in. `none`: everybody may do everything; `keys`: a file of public keys. */
export type AuthOptions =
  | { kind: "none" }
  /** Users of an htpasswd file, by HTTP Basic or (`tokens`) through the registry's own token service. */
  | { kind: "htpasswd"; file: string; tokens: boolean }
  /** Tokens of a service elsewhere. */
  | { kind: "external"; realm: string; service: string; issuer: string; keys: string };

/** The registry's settings, after flags, file and defaults. Times are milliseconds, sizes bytes. */
export interface RegistryOptions {
  hostname: string;
  port: number;
  data: string;
  tls?: { cert: string; key: string };
  auth: AuthOptions;
  access: AccessRule[];
  anonymousPull: boolean;
  /** Where clients fetch tokens, when it is not where they reach the registry. */
  tokenRealm?: string;
  tokenLifetime: number;
  mirrors: MirrorOptions[];
  quotas: Quota[];
  retention: RetentionRule[];
  s3?: S3Options;
  maxBlobBytes: number;
  maxManifestBytes: number;
  gcInterval: number;
  /** How long what nothing names any more is kept. */
  gcGrace: number;
  /** How long uploads may rest, and uploaded blobs wait for their manifest. */
  uploadExpiry: number;
  /** How long a stop waits for uploads. */
  drainTimeout: number;
  page: boolean;
  accessLog: boolean;
  logLevel: LogLevel;
  logFormat: "text" | "json";
}

const minute = 60_000;

/** For loopback, without users. */
export function defaultOptions(data: string): RegistryOptions {
  return {
    hostname: "127.0.0.1",
    port: 5000,
    data,
    auth: { kind: "none" },
    access: [],
    anonymousPull: false,
    tokenLifetime: 5 * minute,
    mirrors: [],
    quotas: [],
    retention: [],
    maxBlobBytes: 1024 ** 4,
    maxManifestBytes: 4 * 1024 ** 2,
    gcInterval: minute,
    gcGrace: 5 * minute,
    uploadExpiry: 24 * 60 * minute,
    drainTimeout: minute,
    page: true,
    accessLog: true,
    logLevel: "info",
    logFormat: "text",
  };
}
