/**
 * Patterns over repository names and tags: `*` is any run of characters but `/`, `**` any run at all, `?` one character.
 * `team/**` matches everything below `team`, and `team` itself.
 */
export function matchesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => patternRegExp(pattern).test(name));
}

function patternRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\/\*\*$|\*\*|\*|\?|[^*?]/g, (part) => {
    if (part === "/**") return "(?:/.*)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}
