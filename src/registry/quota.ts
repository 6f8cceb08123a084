import type { RegistryContext } from "./context.ts";
import { RegistryError } from "./errors.ts";
import { linkedBlobSize } from "./metadata/blobs.ts";
import { findRepository, repositoryUsage } from "./metadata/repositories.ts";
import { matchesName } from "./patterns.ts";

/** Bytes a repository may hold, by the first rule that fits; undefined: no limit. */
export function quotaOf(ctx: RegistryContext, repository: string): number | undefined {
  return ctx.options.quotas.find(({ repositories }) => matchesName(repositories, repository))?.bytes;
}

/** Bytes that still fit into the repository; `digest` as in {@link checkQuota}. */
export function quotaRoom(ctx: RegistryContext, repository: string, digest?: string): number {
  const quota = quotaOf(ctx, repository);
  if (quota === undefined || (digest !== undefined && linkedBlobSize(ctx.db, repository, digest) !== undefined)) return Number.POSITIVE_INFINITY;
  return Math.max(0, quota - usage(ctx, repository));
}

/** Throws DENIED where `more` bytes would exceed the repository's quota; `digest`, where known, may be there already. */
export function checkQuota(ctx: RegistryContext, repository: string, more: number, digest?: string): void {
  const quota = quotaOf(ctx, repository);
  if (quota === undefined) return;
  if (digest !== undefined && linkedBlobSize(ctx.db, repository, digest) !== undefined) return;
  const used = usage(ctx, repository);
  if (used + more > quota) {
    throw new RegistryError("DENIED", `the quota of ${repository} is ${quota} bytes: ${used} are used, ${more} more do not fit`, { detail: { quota, used, requested: more } });
  }
}

function usage(ctx: RegistryContext, repository: string): number {
  const row = findRepository(ctx.db, repository);
  return row ? repositoryUsage(ctx.db, row.id) : 0;
}
