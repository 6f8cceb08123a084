import type { Duplex } from "./duplex.ts";
import { BrokenAnswer, ByteReader, malformed } from "./reader.ts";

/** A request as it is written to the connection. `path` includes the query. */
export interface HttpRequest {
  method: string;
  path: string;
  /** In this order; one that says the length of a text is believed. */
  headers: Record<string, string>;
  /** Text is sent with its length, a stream in chunks. */
  body?: string | AsyncIterable<Uint8Array>;
}

/** An answer whose head has come; its body is still to be read. */
export interface HttpResponse {
  status: number;
  reason: string;
  /** By lower-case name. */
  headers: Map<string, string>;
  /** The body's bytes as they come; ends with the body. Raw to the connection's end after 101. */
  body: AsyncIterable<Uint8Array>;
  /** True once the body was read to its end and the connection may carry another request. */
  reusable(): boolean;
}

/** One HTTP/1.1 exchange over a connection that nothing else uses meanwhile. */
export async function exchange(connection: Duplex, request: HttpRequest): Promise<HttpResponse> {
  const { method, path, headers, body } = request;
  const framing =
    "Content-Length" in headers
      ? ""
      : body === undefined
        ? method === "GET" || method === "HEAD"
          ? ""
          : "Content-Length: 0\r\n"
        : typeof body === "string"
          ? `Content-Length: ${Buffer.byteLength(body)}\r\n`
          : "Transfer-Encoding: chunked\r\n";
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += `${framing}\r\n`;
  const reader = new ByteReader(connection);
  if (body === undefined || typeof body === "string") {
    await connection.write(head + (body ?? ""));
    return respond(reader, method, await readHead(reader), () => true);
  }
  // The engine may answer, or refuse, before it has taken the whole body: read meanwhile.
  let state: "sending" | "sent" | Error = "sending";
  sendChunks(connection, head, body).then(
    () => (state = "sent"),
    (error: unknown) => (state = error instanceof Error ? error : new Error(String(error))),
  );
  try {
    return respond(reader, method, await readHead(reader), () => state === "sent");
  } catch (error) {
    throw (state as unknown) instanceof Error ? state : error;
  }
}

/**
 * Rejects with the connection's error (an answer may still be on its way) or, having closed the connection, with the
 * source's.
 */
async function sendChunks(connection: Duplex, head: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  await connection.write(head);
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (error) {
      // Only after the rejection is noted.
      setTimeout(() => connection.close(), 0);
      throw error;
    }
    if (next.done) break;
    if (next.value.length === 0) continue;
    await connection.write(`${next.value.length.toString(16)}\r\n`);
    await connection.write(next.value);
    await connection.write("\r\n");
  }
  await connection.write("0\r\n\r\n");
}

interface Head {
  status: number;
  reason: string;
  headers: Map<string, string>;
}

async function readHead(reader: ByteReader): Promise<Head> {
  for (;;) {
    const first = await reader.line();
    if (first === null) throw new BrokenAnswer("EOF");
    const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
    if (!match) {
      const status = /^HTTP\/1\.[01] (\S*)/.exec(first)?.[1];
      throw malformed(
        status === undefined
          ? `malformed HTTP response ${JSON.stringify(first.slice(0, 60))}`
          : `malformed HTTP status code ${JSON.stringify(status)}`,
      );
    }
    const headers = new Map<string, string>();
    for (;;) {
      const line = await reader.line();
      if (line === null) throw new BrokenAnswer("unexpected EOF");
      if (line === "") break;
      const at = line.indexOf(":");
      if (at > 0) headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
    }
    const status = Number(match[1]);
    const length = headers.get("content-length");
    if (length !== undefined && !/^\d+$/.test(length)) throw malformed(`bad Content-Length ${JSON.stringify(length)}`);
    if (status >= 200 || status === 101) return { status, reason: match[2] ?? "", headers };
  }
}

function respond(
  reader: ByteReader,
  method: string,
  { status, reason, headers }: Head,
  sent: () => boolean,
): HttpResponse {
  let finished = false;
  const length = headers.get("content-length");
  const empty = method === "HEAD" || status === 204 || status === 304;
  const chunked = (headers.get("transfer-encoding") ?? "").toLowerCase().includes("chunked");
  const framed = empty || chunked || length !== undefined;
  const source =
    status === 101
      ? toEnd(reader)
      : empty
        ? nothing()
        : chunked
          ? inChunks(reader)
          : length !== undefined
            ? counted(reader, Number(length))
            : toEnd(reader);
  async function* body() {
    yield* source;
    finished = true;
  }
  if (empty || length === "0") finished = true;
  const keep = framed && status !== 101 && (headers.get("connection") ?? "").toLowerCase() !== "close";
  return { status, reason, headers, body: body(), reusable: () => keep && finished && sent() };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* toEnd(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.some(); chunk !== null; chunk = await reader.some()) yield chunk;
}

async function* counted(reader: ByteReader, length: number): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0; ) {
    const chunk = await reader.some(left);
    if (chunk === null) throw new BrokenAnswer("unexpected EOF");
    left -= chunk.length;
    yield chunk;
  }
}

async function* inChunks(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const line = await reader.line();
    if (line === null) throw new BrokenAnswer("unexpected EOF");
    const size = parseInt(line, 16);
    if (Number.isNaN(size)) throw new BrokenAnswer("invalid byte in chunk length");
    if (size === 0) break;
    yield* counted(reader, size);
    await reader.line();
  }
  while ((await reader.line()) !== "") {
    /* trailers */
  }
}
