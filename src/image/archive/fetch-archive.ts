import { badEscape } from "../../lib/bad-escape.ts";
import { EngineError, type ErrorKind, internal, invalid } from "../../lib/errors.ts";
import { networkWords } from "../../lib/network-words.ts";
import { requireHttp } from "../../lib/require-http.ts";

/** As much of a server's own words as an error has, in characters. */
const longestReason = 1024;

const kinds: Record<number, ErrorKind> = { 400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not-found" };

/**
 * The archive that a URL leads to; `http://` where it names no scheme. Throws `invalid` for what is no URL, `internal`
 * where nobody answers, and a refusal as the kind of error that the server's status says, with its words.
 */
export async function fetchArchive(
  source: string,
  signal: AbortSignal,
): Promise<{ url: string; archive: AsyncIterable<Uint8Array> }> {
  if (source === "") throw internal('Get "http:": http: no Host in request URL');
  const url = source.includes("://") ? source : `http://${source}`;
  if (!URL.canParse(url)) throw invalid(`parse ${JSON.stringify(url)}: invalid URL`);
  const escape = badEscape(url);
  if (escape !== undefined) throw invalid(`parse ${JSON.stringify(url)}: invalid URL escape ${JSON.stringify(escape)}`);
  requireHttp(url);
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw internal(`Get ${JSON.stringify(url)}: ${networkWords(error, { url })}`, error);
  });
  if (!response.ok) throw await refusedBy(url, response);
  return { url, archive: response.body ?? nothing() };
}

/** An answer without a body, as 204 is: an archive of no files. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

async function refusedBy(url: string, response: Response): Promise<EngineError> {
  const { status, statusText } = response;
  let reason = "";
  for await (const piece of response.body ?? []) {
    reason += Buffer.from(piece).toString();
    if (reason.length > longestReason) break;
  }
  return new EngineError(
    kinds[status] ?? "internal",
    `failed to GET ${url} with status ${status} ${statusText}: ${reason.slice(0, longestReason).trim()}`,
  );
}
