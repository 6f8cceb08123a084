import { errorMessage, invalid } from "./errors.ts";

/** Whether a text holds a match. */
export type Pattern = (text: string) => boolean;

/**
 * A regular expression in the syntax of Go's `regexp`, which Docker's clients write. What a match costs grows with the
 * text's length times the expression's, never faster: JavaScript's own ones may search for longer than anybody lives.
 * Throws `invalid` in Go's words: ``error parsing regexp: missing closing ): `(` ``.
 */
export async function compilePattern(source: string): Promise<Pattern> {
  const plain = /^(\^?)([\w/-]*)(\$?)$/.exec(source);
  if (plain) return plainPattern(plain[2] ?? "", plain[1] !== "", plain[3] !== "");
  // Loaded with the first pattern that is more than a name: few are, and it takes some megabytes.
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(source);
    return (text) => compiled.test(text);
  } catch (error) {
    const words = errorMessage(error);
    // Go names the place here as well, although nothing stands there.
    throw invalid(words.endsWith("trailing backslash at end of expression") ? `${words}: \`\`` : words, error);
  }
}

function plainPattern(word: string, begins: boolean, ends: boolean): Pattern {
  if (begins && ends) return (text) => text === word;
  if (begins) return (text) => text.startsWith(word);
  return ends ? (text) => text.endsWith(word) : (text) => text.includes(word);
}
