import { Breath } from "../../lib/breath.ts";
import type { Logger } from "../../lib/log.ts";
import { RequestBody } from "./body.ts";
import { type ClientCertificate, type Connection, ConnectionClosed } from "./connection.ts";
import { BadRequest, type RequestHead, readHead } from "./head.ts";
import type { Reply } from "./reply.ts";
import { statusText } from "./status.ts";

/** A request whose head has been read; its body comes as it is read. */
export interface HttpRequest {
  head: RequestHead;
  body: RequestBody;
  /** Who it is, where it came with a certificate that was asked for. */
  client: ClientCertificate | null;
  /** Aborted when the client leaves before the answer is out. */
  signal: AbortSignal;
}

/** Turns a request into a reply; turns its own errors into replies too. */
export type HttpHandler = (request: HttpRequest) => Promise<Reply>;

/** Bytes of a body that nobody wanted, read to keep the connection. */
const drainLimit = 256 * 1024;

/** Answers the requests of one connection, one after the other, to its end; `spoke` is told of each. Never throws. */
export async function serveConnection(
  connection: Connection,
  handler: HttpHandler,
  log: Logger,
  spoke: () => void = () => {},
): Promise<void> {
  try {
    // Later it may rest between two requests for as long as it likes.
    connection.mustSpeak();
    while (await serveOne(connection, handler, spoke)) {
      /* the next on the same connection */
    }
  } catch (error) {
    if (error instanceof BadRequest) {
      const text = `${error.status} ${statusText(error.status)}: ${error.message}`;
      await connection
        .write(
          `HTTP/1.1 ${error.status} ${statusText(error.status)}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
            `Connection: close\r\n\r\n${text}`,
        )
        .catch(() => {});
    } else if (!(error instanceof ConnectionClosed)) {
      log.debug("connection failed", { module: "api", error: String(error) });
    }
  }
  await connection.finish();
}

/** Says whether the connection can carry another request. */
async function serveOne(connection: Connection, handler: HttpHandler, spoke: () => void): Promise<boolean> {
  const head = await readHead(connection.inbox, () => connection.mustSpeak());
  connection.hasSpoken();
  if (!head) return false;
  spoke();
  const body = new RequestBody(
    connection.inbox,
    head,
    () => connection.write("HTTP/1.1 100 Continue\r\n\r\n"),
    () => connection.lend(),
  );
  const leaving = new AbortController();
  const left = () => leaving.abort();
  connection.onEnd = left;
  if (connection.inbox.ended && body.done) left();
  try {
    const reply = await handler({ head, body, client: connection.client, signal: leaving.signal });
    if (reply.takeOver) {
      connection.onEnd = null;
      await connection.write(rawHead(reply));
      await reply.takeOver(rawStream(connection));
      return false;
    }
    const keep = await writeReply(connection, head, reply, body);
    return keep && (await body.drain(drainLimit)) && !connection.inbox.ended;
  } finally {
    if (connection.onEnd === left) connection.onEnd = null;
  }
}

async function writeReply(
  connection: Connection,
  head: RequestHead,
  reply: Reply,
  body: RequestBody,
): Promise<boolean> {
  const lines = headLines(reply);
  const bodiless = head.method === "HEAD" || reply.status === 204 || reply.status === 304;
  const streamed = reply.body !== undefined && typeof reply.body !== "string" && !(reply.body instanceof Uint8Array);
  const chunked = streamed && head.minor === 1;
  const asked = head.headers.get("connection")?.toLowerCase() ?? "";
  // A client that holds its body back, or sends much that nobody reads, cannot be asked for anything more.
  let keep = head.minor === 1 ? !/\bclose\b/.test(asked) : /\bkeep-alive\b/.test(asked) && !streamed;
  if (body.withheld || reply.close) keep = false;

  let payload: Uint8Array | null = null;
  if (reply.body instanceof Uint8Array) payload = reply.body;
  else if (!streamed) payload = Buffer.from(typeof reply.body === "string" ? reply.body : "");
  if (chunked) lines.push("Transfer-Encoding: chunked");
  else if (payload && reply.status !== 204 && reply.status !== 304) lines.push(`Content-Length: ${payload.length}`);
  if (!keep) lines.push("Connection: close");
  else if (head.minor === 0) lines.push("Connection: keep-alive");
  const start = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");

  if (bodiless || payload) {
    await connection.write(bodiless || !payload ? start : Buffer.concat([start, payload]));
    return keep;
  }
  if (reply.body === undefined || typeof reply.body === "string" || reply.body instanceof Uint8Array) return keep;
  try {
    await connection.write(start);
  } catch (error) {
    // What is never read has to be let go of all the same.
    await reply.body[Symbol.asyncIterator]().return?.();
    throw error;
  }
  const breath = new Breath();
  for await (const piece of reply.body) {
    // What is at hand and taken at once waits for nothing on its way.
    if (breath.due) await breath.take();
    const data = typeof piece === "string" ? Buffer.from(piece) : piece;
    if (data.length === 0) continue;
    if (!chunked) await connection.write(data);
    else if (data.length < 16_384)
      await connection.write(Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`, "latin1"), data, crlf]));
    else {
      // Three writes cost less than a copy of so much.
      await connection.write(`${data.length.toString(16)}\r\n`);
      await connection.write(data);
      await connection.write(crlf);
    }
  }
  if (chunked) await connection.write("0\r\n\r\n");
  return keep && chunked;
}

const crlf = Buffer.from("\r\n");

function headLines(reply: Reply): string[] {
  const lines = [`HTTP/1.1 ${reply.status} ${statusText(reply.status)}`];
  for (const [name, value] of Object.entries(reply.headers ?? {}))
    lines.push(`${name}: ${value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?")}`);
  lines.push(`Date: ${httpDate()}`);
  return lines;
}

/** Nothing but what the handler said: the bytes after it are not HTTP. */
function rawHead(reply: Reply): string {
  return `${headLines(reply).join("\r\n")}\r\n\r\n`;
}

function rawStream(connection: Connection) {
  return {
    input: (async function* () {
      for (let chunk = await connection.inbox.read(); chunk; chunk = await connection.inbox.read()) yield chunk;
    })(),
    write: (data: Uint8Array) => connection.write(data),
    endWrite: () => connection.endWrite(),
    gone: connection.gone,
  };
}

function httpDate(): string {
  return new Date().toUTCString();
}
