/** Signs that Docker writes as `\uXXXX`, so that a text may stand in a page or a script. */
const unsafe = /[<>&\u2028\u2029]/g;

/** Text as Docker's JSON has it. What is no UTF-8 becomes U+FFFD. */
export function quoteJson(text: string): string {
  return JSON.stringify(text).replace(unsafe, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
