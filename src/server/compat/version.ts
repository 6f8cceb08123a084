/** An API version as a number that compares: 1.41 is 1041. */
export type ApiVersion = number;

/** null where the text is no version. */
export function parseApiVersion(text: string): ApiVersion | null {
  const match = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d+)*$/.exec(text);
  return match ? Number(match[1]) * 1000 + Number(match[2] ?? 0) : null;
}

/** For versions written in the code. */
export function api(text: string): ApiVersion {
  const version = parseApiVersion(text);
  if (version === null) throw new TypeError(`not an API version: ${text}`);
  return version;
}
