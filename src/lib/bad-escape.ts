/** The first part of a URL that looks like an escape (`%2F`) and is none; Go's programs refuse such a URL. */
export function badEscape(url: string): string | undefined {
  return /%(?![0-9a-f]{2}).{0,2}/i.exec(url)?.[0];
}
