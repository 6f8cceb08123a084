import { type Wildcard, type WildcardPart, wildcard } from "../lib/wildcard.ts";

/**
 * Patterns over repository names and tags: `*` is any run of characters but `/`, `**` any run at all, `?` one
 * character. `team/**` matches everything below `team`, and `team` itself.
 */
export function matchesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => compile(pattern).some((one) => one.test(name)));
}

function compile(pattern: string): Wildcard[] {
  if (!pattern.endsWith("/**")) return [wildcard(partsOf(pattern))];
  const above = partsOf(pattern.slice(0, -"/**".length));
  return [wildcard(above), wildcard([...above, { literal: "/" }, "deep"])];
}

function partsOf(pattern: string): WildcardPart[] {
  return Array.from(pattern.matchAll(/\*\*|\*|\?|[^*?]+/g), ([part]) => {
    if (part === "**") return "deep";
    if (part === "*") return "star";
    return part === "?" ? { one: "[^/]" } : { literal: part };
  });
}
