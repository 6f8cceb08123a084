import { expect, test } from "bun:test";
import { compilePattern } from "./pattern.ts";

/** Right-hand values are those of Go's regexp. */
test.each<[string, string, boolean]>([
  ["web", "my-web-1", true],
  ["^web", "my-web", false],
  ["^web", "web-1", true],
  ["web$", "my-web", true],
  ["web$", "web-1", false],
  ["^web$", "web", true],
  ["^web$", "web\n", false],
  ["", "anything", true],
  ["^", "x", true],
  ["^$", "", true],
  ["^$", "x", false],
  ["/a_b-c", "/a_b-c1", true],
  ["w.b", "web", true],
  ["(?i)WEB", "web", true],
  ["WEB", "web", false],
  ["web\\z", "web", true],
  ["\\Aweb", "my-web", false],
  ["^[[:alpha:]]+$", "web", true],
  ["^[[:alpha:]]+$", "w3b", false],
  ["\\pL1", "w1", true],
  ["(?P<n>w)eb", "web", true],
  ["(?<n>w)eb", "web", true],
  ["\\Qw.b\\E", "web", false],
  ["\\Qw.b\\E", "w.b", true],
  ["(?U)e+", "web", true],
  ["(?s)w.b", "w\nb", true],
  ["w.b", "w\nb", false],
  ["a{,2}", "a{,2}", true],
])("%j finds in %j: %p", async (source, text, found) => {
  expect((await compilePattern(source))(text)).toBe(found);
});

test.each([
  ["(", "missing closing ): `(`"],
  [")", "unexpected ): `)`"],
  ["[a", "missing closing ]: `[a`"],
  ["\\", "trailing backslash at end of expression: ``"],
  ["*", "missing argument to repetition operator: `*`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["x{1001}", "invalid repeat count: `{1001}`"],
  ["((x{100}){100}){100}", /^error parsing regexp: (invalid repeat count|expression too large)/],
  ["w(?=e)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(w)\\1", "invalid escape sequence: `\\1`"],
  ["[z-a]", "invalid character class range: `z-a`"],
])("%j is refused", async (source, words) => {
  await expect(compilePattern(source)).rejects.toThrow(
    typeof words === "string" ? `error parsing regexp: ${words}` : words,
  );
});

test("what sends others searching for ever costs next to nothing", async () => {
  const nested = await compilePattern("(a+)+$");
  const begun = performance.now();
  expect(nested(`${"a".repeat(5000)}!`)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(2000);
});
