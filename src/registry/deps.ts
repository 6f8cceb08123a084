import type { Database } from "bun:sqlite";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { Authority } from "./auth/authority.ts";
import type { HtpasswdUsers } from "./auth/htpasswd.ts";
import type { TokenService } from "./auth/token-service.ts";
import type { Metrics } from "./metrics.ts";
import type { Mirrors } from "./mirror/mirrors.ts";
import type { RegistryOptions } from "./options.ts";
import type { Paths } from "./paths.ts";
import type { PullCounter } from "./pull-counter.ts";
import type { BlobStorage } from "./storage/storage.ts";
import type { UploadSessions } from "./uploads/sessions.ts";

/** What logging in needs: the users, and what issues their tokens. */
export interface LoginParts {
  users: HtpasswdUsers;
  tokens: TokenService;
}

/** All that the registry's verbs share; assembled in serve.ts. */
export interface RegistryDeps {
  options: RegistryOptions;
  paths: Paths;
  db: Database;
  storage: BlobStorage;
  uploads: UploadSessions;
  /** By digest: held while a blob's row and its bytes come or go together. */
  locks: KeyedLock;
  authority: Authority;
  /** Where users log in here: undefined on an open registry and with a token service elsewhere. */
  login: LoginParts | undefined;
  mirrors: Mirrors;
  metrics: Metrics;
  pulls: PullCounter;
  log: Logger;
  /** A line for each request. */
  accessLog: Logger;
  /** Milliseconds since the epoch. */
  now(): number;
  /** True once the registry was asked to stop: what was begun is finished, nothing new begins. */
  draining(): boolean;
}
