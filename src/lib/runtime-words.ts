import { isNetworkError, networkWords } from "./network-words.ts";

/** Classes of errors that the runtime throws. Ours have classes of their own, or none of its codes. */
const classes = ["Error", "TypeError", "SyntaxError", "URIError", "DOMException"];

/** What is wrong with compressed data, by zlib's code and message, in the words of Go's packages. */
const zlib: readonly [said: RegExp, text: string][] = [
  [/unexpected end of file/, "unexpected EOF"],
  [/incorrect header check|unknown compression method/, "gzip: invalid header"],
  [/incorrect (data|length) check/, "gzip: invalid checksum"],
];

/**
 * What an error that the runtime itself made means in plain words: those of Go, which Docker's users know. Undefined
 * where the error is one of ours, whose words are meant to be read. The last resort: who knows more of a failure says
 * more.
 */
export function runtimeWords(error: Error): string | undefined {
  if (!classes.includes(error.constructor.name)) return undefined;
  const { message } = error;
  if (error.name === "AbortError") return "context canceled";
  if (error instanceof URIError) return "invalid URL escape";
  if (error instanceof SyntaxError && /JSON/.test(message)) return "malformed JSON";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "" && error.name !== "TimeoutError") return undefined;
  if (code === "ERR_INVALID_URL") return "invalid URL";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "invalid UTF-8";
  if (/^Z_/.test(code)) return zlib.find(([said]) => said.test(message))?.[1] ?? "flate: corrupt input";
  if (/^(ERR_)?ZSTD/i.test(code)) return "zstd: corrupt input";
  const program = /^Executable not found in \$PATH: "(.*)"$/s.exec(message)?.[1];
  if (program !== undefined) return `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
  return socketWords(error, code) ?? (isNetworkError(error) ? networkWords(error, { begun: true }) : undefined);
}

const reasons: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  ENOENT: "no such file or directory",
  EPIPE: "broken pipe",
  ETIMEDOUT: "connection timed out",
};

/** Of sockets: Node names the call and the address (`connect ECONNREFUSED 127.0.0.1:80`), Bun has sentences. */
function socketWords(error: Error, code: string): string | undefined {
  const { message } = error;
  const reason = reasons[code];
  if (reason === undefined) return undefined;
  if (/^Failed to connect$|Was there a typo/.test(message)) return `connect: ${reason}`;
  const [, call, rest = ""] =
    /^(connect|listen|bind|read|write|send|recvmsg) E[A-Z]+(.*)$/.exec(message) ??
    /^Failed to (listen) at( .+)$/.exec(message) ??
    [];
  if (call === undefined) return undefined;
  // Bun's sentence leaves the port out, but the error has it.
  const port = message.startsWith("Failed to listen") && "port" in error ? error.port : undefined;
  const host = rest.replace(/^: [a-z ]+/, " ").trim();
  const place =
    port === undefined || host.startsWith("/") ? host : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (place === "") return `${call}: ${reason}`;
  const network = place.startsWith("/") ? "unix" : "tcp";
  return call === "connect"
    ? `dial ${network} ${place}: connect: ${reason}`
    : `listen ${network} ${place}: bind: ${reason}`;
}
