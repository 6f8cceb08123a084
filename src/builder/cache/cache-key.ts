/**
 * The key of a step: what it does and all that it depends on, by content. Equal keys give equal results: where a step
 * comes to do something else, the number here goes up.
 */
export function cacheKey(parts: { parent: string; operation: unknown; inputs?: readonly string[] }): string {
  return new Bun.CryptoHasher("sha256")
    .update(JSON.stringify(["berth-build-3", parts.parent, parts.operation, parts.inputs ?? []]))
    .digest("hex");
}
