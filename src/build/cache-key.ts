/** The key of a step: what it does and all that it depends on, by content. Equal keys give equal results. */
export function cacheKey(parts: { parent: string; operation: unknown; inputs?: readonly string[] }): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(["berth-build-1", parts.parent, parts.operation, parts.inputs ?? []])).digest("hex");
}
