/** What a code of the system or of Bun means, in the words that users of network programs know. */
const words: readonly [codes: RegExp, text: string][] = [
  [/ECONNREFUSED|ConnectionRefused|FailedToOpenSocket/, "connect: connection refused"],
  [/EHOSTUNREACH/, "connect: no route to host"],
  [/ENETUNREACH/, "connect: network is unreachable"],
  [/ENOTFOUND|EAI_AGAIN|EAI_NODATA|DNS/, "no such host"],
  [/ECONNRESET|ConnectionClosed|ECONNABORTED/, "connection reset by peer"],
  [/EPIPE/, "broken pipe"],
  [/ETIMEDOUT|Timeout/, "i/o timeout"],
  [/ALTNAME/, "tls: failed to verify certificate: x509: certificate is not valid for this name"],
  [/HAS_EXPIRED/, "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"],
  [/SELF_SIGNED|UNABLE_TO|CERT/, "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  // Bun tells the two apart no further.
  [
    /EPROTO|WRONG_VERSION|ERR_SSL/,
    "http: server gave HTTP response to HTTPS client, or one that wants another certificate of the client",
  ],
  [
    /Malformed_HTTP_Response|InvalidHTTPResponse/,
    "net/http: HTTP/1.x transport connection broken: malformed HTTP response",
  ],
  [/InvalidContentLength/, "net/http: HTTP/1.x transport connection broken: bad Content-Length"],
  [/Headers?(Oversized|TooLarge)/i, "net/http: server response headers exceeded the limit"],
  [/TooManyRedirects/, "stopped after too many redirects"],
  [/UnsupportedRedirectProtocol/, "unsupported protocol scheme in Location header"],
  [/RedirectURL|InvalidRedirect/, "failed to parse Location header"],
  [/Zlib|Brotli|Zstd|Decompression/, "unexpected EOF"],
];

/** What is known of a connection that failed. */
export interface Connection {
  /** Where it was to go: to the proxy where there is one. */
  url?: string;
  /** An answer had begun. */
  begun?: boolean;
}

/**
 * Why a request over the network failed: `dial tcp HOST:PORT: connect: connection refused` where the place is known.
 * The runtime's own sentences are meant for those who write programs.
 */
export function networkWords(error: unknown, { url, begun = false }: Connection = {}): string {
  if (!(error instanceof Error)) return String(error);
  const code = networkCode(error);
  const known = words.find(([codes]) => codes.test(code))?.[1];
  if (known === undefined) return withoutAdvice(error);
  if (begun && known === "connection reset by peer") return "unexpected EOF";
  if (known === "no such host")
    return url === undefined ? `${nameOf(error)}${known}` : `dial tcp: lookup ${new URL(url).hostname}: ${known}`;
  if (known.startsWith("connect: ") && url !== undefined) return `dial tcp ${address(url)}: ${known}`;
  // Which names it is for is worth knowing.
  const detail = /ALTNAME/.test(code) ? /altnames?: (.*)$/s.exec(error.message)?.[1] : undefined;
  return detail ? `${known}: ${detail}` : known;
}

/** The code of an error of the network, as the system or Bun names it; that of a time limit is its name. */
function networkCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** True for an error that {@link networkWords} has words for. */
export function isNetworkError(error: Error): boolean {
  return words.some(([codes]) => codes.test(networkCode(error)));
}

function nameOf(error: Error): string {
  const name = /^getaddrinfo [A-Z_]+ (.+)$/.exec(error.message)?.[1];
  return name === undefined ? "" : `lookup ${name}: `;
}

function address(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** What the runtime says, without its codes and its hints for programmers. */
function withoutAdvice({ message }: Error): string {
  const said = message.replace(/^[A-Z][A-Z_]+: /, "").replace(/\.? For more information, .*$/s, "");
  const bare = /^([A-Z]\w+)(?: fetching "[^"]*"|: .*)$/s.exec(said)?.[1];
  return bare === undefined ? said : `the exchange failed (${bare})`;
}
