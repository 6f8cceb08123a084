import { internal } from "./errors.ts";

/**
 * For URLs that somebody else chose: a client, or a registry that redirects. The runtime's `fetch` opens files of this
 * machine and buckets as well, which nobody may reach that way. Throws `internal` in Docker's words for all but `http:`
 * and `https:`.
 */
export function requireHttp(url: string): void {
  const scheme = new URL(url).protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https")
    throw internal(`Get ${JSON.stringify(url)}: unsupported protocol scheme ${JSON.stringify(scheme)}`);
}
