import { Inbox } from "./inbox.ts";

/** Bytes; registry configurations travel in a header. */
const headLimit = 1024 * 1024;

export interface RequestHead {
  method: string;
  /** As it came: path and query. */
  target: string;
  /** 0 or 1: HTTP/1.x. */
  minor: number;
  /** By name in lower case; values of repeated ones joined by commas. */
  headers: Map<string, string>;
}

/** Not HTTP/1, or more than the limits allow. The connection cannot go on. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
  constructor(message: string, readonly status = 400) {
    super(message);
  }
}

const blank = Buffer.from("\r\n\r\n");

/** Reads the start of the next request; null where the peer ended before one. */
export async function readHead(inbox: Inbox, onFirstByte: () => void): Promise<RequestHead | null> {
  let have: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = await inbox.read();
    if (!chunk) {
      if (have.length === 0) return null;
      throw new BadRequest("the request ends within its head");
    }
    if (have.length === 0) onFirstByte();
    const searched = Math.max(0, have.length - 3);
    have = have.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([have, chunk]);
    // An empty line before a request is to be ignored (RFC 9112, 2.2).
    while (have[0] === 13 && have[1] === 10) have = have.subarray(2);
    const end = have.indexOf(blank, searched > have.length ? 0 : searched);
    if (end > headLimit || (end < 0 && have.length > headLimit)) throw new BadRequest("Request Header Fields Too Large", 431);
    if (end < 0) continue;
    inbox.unread(have.subarray(end + 4));
    return parseHead(have.toString("latin1", 0, end));
  }
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

export function parseHead(text: string): RequestHead {
  const [first = "", ...lines] = text.split("\r\n");
  const request = requestLine.exec(first);
  if (!request) throw new BadRequest("malformed HTTP request");
  const [, method = "", target = "", minor = "1"] = request;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = headerLine.exec(line);
    if (!match) throw new BadRequest("malformed HTTP header");
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trimEnd();
    const before = headers.get(name);
    // Two lengths or hosts that differ are a way to smuggle requests.
    if (before !== undefined && (name === "content-length" || name === "host") && before !== value) throw new BadRequest(`more than one ${name}`);
    headers.set(name, before === undefined || name === "content-length" || name === "host" ? value : `${before}, ${value}`);
  }
  if (minor === "1" && !headers.has("host")) throw new BadRequest("missing required Host header");
  return { method, target, minor: Number(minor), headers };
}
