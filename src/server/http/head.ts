import type { Inbox } from "./inbox.ts";

/** Bytes; registry configurations travel in a header. */
const headLimit = 1024 * 1024;

/** A request's first line and headers (HTTP/1.x). */
export interface RequestHead {
  method: string;
  /** As it came: path and query. */
  target: string;
  /** 0 or 1: HTTP/1.x. */
  minor: number;
  /** By name in lower case; values of repeated ones joined by commas. */
  headers: Map<string, string>;
  /** Of repeated ones the value that came last. */
  last: ReadonlyMap<string, string>;
}

/** Not HTTP/1, or more than the limits allow. The connection cannot go on. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Reads the start of the next request; null where the peer ended before one. */
export async function readHead(inbox: Inbox, onFirstByte: () => void): Promise<RequestHead | null> {
  /** Grows by doubling: a head that comes a byte at a time costs its length, not the square of it. */
  let buffer: Buffer = Buffer.alloc(0);
  let size = 0;
  for (;;) {
    const chunk = await inbox.read();
    if (!chunk) {
      if (size === 0) return null;
      throw new BadRequest("the request ends within its head");
    }
    const start = size === 0 ? emptyLines(chunk) : 0;
    if (start === chunk.length) continue;
    if (size === 0) onFirstByte();
    const searched = Math.max(0, size - 3);
    buffer = appended(buffer, size, chunk.subarray(start));
    size += chunk.length - start;
    const end = headEnd(buffer.subarray(0, size), searched);
    if ((end ? end.length : size) > headLimit) throw new BadRequest("Request Header Fields Too Large", 431);
    if (!end) continue;
    inbox.unread(buffer.subarray(end.next, size));
    return parseHead(buffer.toString("latin1", 0, end.length));
  }
}

function appended(buffer: Buffer, size: number, chunk: Uint8Array): Buffer {
  if (size === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  if (size + chunk.length > buffer.length) {
    const larger = Buffer.alloc(2 * (size + chunk.length));
    buffer.copy(larger, 0, 0, size);
    buffer = larger;
  }
  buffer.set(chunk, size);
  return buffer;
}

const [CR, LF] = [13, 10];

/** How many bytes at the front are empty lines, which are to be ignored before a request (RFC 9112, 2.2). */
function emptyLines(chunk: Uint8Array): number {
  let at = 0;
  while (chunk[at] === LF || (chunk[at] === CR && (chunk[at + 1] === LF || at + 1 === chunk.length))) at++;
  return at;
}

/** Where the empty line is that ends a head, and what comes after it. A lone LF ends a line as well (RFC 9112, 2.2). */
function headEnd(bytes: Buffer, from: number): { length: number; next: number } | null {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return { length: at, next: at + 2 };
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return { length: at, next: at + 3 };
  }
  return null;
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

function parseHead(text: string): RequestHead {
  const [first = "", ...lines] = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const request = requestLine.exec(first);
  if (!request) throw new BadRequest("malformed HTTP request");
  const [, method = "", target = "", minor = "1"] = request;
  const headers = new Map<string, string>();
  const last = new Map<string, string>();
  for (const line of lines) {
    const match = headerLine.exec(line);
    if (!match) throw new BadRequest("malformed HTTP header");
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trimEnd();
    const before = headers.get(name);
    // Two lengths or hosts that differ are a way to smuggle requests.
    if (before !== undefined && (name === "content-length" || name === "host") && before !== value)
      throw new BadRequest(`more than one ${name}`);
    if (before !== undefined) last.set(name, value);
    headers.set(
      name,
      before === undefined || name === "content-length" || name === "host" ? value : `${before}, ${value}`,
    );
  }
  if (minor === "1" && !headers.has("host")) throw new BadRequest("missing required Host header");
  return { method, target, minor: Number(minor), headers, last };
}
