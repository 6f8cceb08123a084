import type { RegistryDeps } from "./deps.ts";
import { RegistryError } from "./errors.ts";
import { linkedBlobSize } from "./metadata/blobs.ts";
import { findRepository, repositoryUsage } from "./metadata/repositories.ts";
import { matchesName } from "./patterns.ts";

/** Bytes a repository may hold, by the first rule that fits; undefined: no limit. */
export function quotaOf(deps: RegistryDeps, repository: string): number | undefined {
  return deps.options.quotas.find(({ repositories }) => matchesName(repositories, repository))?.bytes;
}

/** Bytes that still fit into the repository; `digest` as in {@link checkQuota}. */
export function quotaRoom(deps: RegistryDeps, repository: string, digest?: string): number {
  const quota = quotaOf(deps, repository);
  if (quota === undefined || (digest !== undefined && linkedBlobSize(deps.db, repository, digest) !== undefined))
    return Number.POSITIVE_INFINITY;
  return Math.max(0, quota - usage(deps, repository));
}

/**
 * Throws DENIED where `more` bytes would exceed the repository's quota; `digest`, where known, may be there already.
 */
export function checkQuota(deps: RegistryDeps, repository: string, more: number, digest?: string): void {
  const quota = quotaOf(deps, repository);
  if (quota === undefined) return;
  if (digest !== undefined && linkedBlobSize(deps.db, repository, digest) !== undefined) return;
  const used = usage(deps, repository);
  if (used + more > quota) {
    throw new RegistryError(
      "DENIED",
      `the quota of ${repository} is ${quota} bytes: ${used} are used, ${more} more do not fit`,
      { detail: { quota, used, requested: more } },
    );
  }
}

function usage(deps: RegistryDeps, repository: string): number {
  const row = findRepository(deps.db, repository);
  return row ? repositoryUsage(deps.db, row.id) : 0;
}
