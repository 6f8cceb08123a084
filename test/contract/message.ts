/** How a message's body ends: at once, after so many bytes, with its last chunk, or with the connection. */
export type BodyEnd = "none" | "chunked" | "connection" | number;

export interface Head {
  /** The first line, in its three parts. */
  start: [string, string, string];
  /** By name in lower case. */
  headers: Map<string, string>;
}

export interface MessageSink {
  head(head: Head): BodyEnd;
  data(bytes: Uint8Array): void;
  /** The body is complete. */
  end(): void;
}

/** Bytes that are no HTTP. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";
}

const headLimit = 2 * 1024 * 1024;
const lineLimit = 1024;

/** Reads HTTP/1 messages of one direction as they pass by, without holding bodies. */
export class MessageReader {
  #have: Buffer = Buffer.alloc(0);
  /** Where in a message: bytes that are left of a body or chunk, or a name for what comes next. */
  #state: "head" | "size" | "chunk-end" | "trailer" | "connection" = "head";
  #left = 0;
  #inChunk = false;

  constructor(private readonly sink: MessageSink) {}

  /** Throws {@link NotHttp}. */
  push(bytes: Uint8Array): void {
    let rest: Uint8Array = bytes;
    while (rest.length > 0) {
      if (this.#state === "connection") return this.sink.data(rest);
      if (this.#left > 0) {
        const taken = rest.subarray(0, this.#left);
        rest = rest.subarray(taken.length);
        this.#left -= taken.length;
        this.sink.data(taken);
        if (this.#left === 0) {
          if (this.#inChunk) this.#state = "chunk-end";
          else this.#finish();
        }
        continue;
      }
      const limit = this.#state === "head" ? headLimit : lineLimit;
      const before = this.#have.length;
      this.#have =
        before === 0 ? Buffer.from(rest.buffer, rest.byteOffset, rest.length) : Buffer.concat([this.#have, rest]);
      // Empty lines before a message are to be passed over (RFC 9112, 2.2).
      const skipped = this.#state === "head" ? blankLines(this.#have) : 0;
      if (skipped > 0) this.#have = this.#have.subarray(skipped);
      const at = this.#state === "head" ? headEnd(this.#have) : this.#have.indexOf("\n") + 1;
      if (at === 0) {
        if (this.#have.length > limit) throw new NotHttp(`${this.#state} without an end`);
        // What was given is only lent.
        this.#have = Buffer.from(this.#have);
        return;
      }
      const text = this.#have.toString("latin1", 0, at).trimEnd();
      rest = this.#have.subarray(at);
      this.#have = Buffer.alloc(0);
      this.#line(text);
    }
  }

  /** The connection has ended: whether it was between two messages, or ended a body that lasts as long. */
  close(): boolean {
    if (this.#state === "connection") this.sink.end();
    return this.#state === "connection" || (this.#state === "head" && this.#left === 0 && this.#have.length === 0);
  }

  #line(text: string): void {
    switch (this.#state) {
      case "head": {
        const end = this.sink.head(parseHead(text));
        this.#inChunk = end === "chunked";
        if (end === "connection") this.#state = "connection";
        else if (end === "chunked") this.#state = "size";
        else if (end === "none" || end === 0) this.#finish();
        else this.#left = end;
        return;
      }
      case "size": {
        const size = /^([0-9a-fA-F]+)[ \t]*(;.*)?$/.exec(text)?.[1];
        if (size === undefined) throw new NotHttp(`a chunk's size: ${JSON.stringify(text.slice(0, 40))}`);
        this.#left = parseInt(size, 16);
        if (this.#left === 0) this.#state = "trailer";
        return;
      }
      case "chunk-end":
        if (text !== "") throw new NotHttp(`a chunk longer than it says: ${JSON.stringify(text.slice(0, 40))}`);
        this.#state = "size";
        return;
      case "trailer":
        if (text === "") this.#finish();
        return;
      case "connection":
    }
  }

  #finish(): void {
    this.#state = "head";
    this.#inChunk = false;
    this.sink.end();
  }
}

function blankLines(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 13 || bytes[at] === 10) at++;
  return at;
}

/** Behind the empty line; 0 where it has not come. Lines may end without a carriage return (RFC 9112, 2.2). */
function headEnd(bytes: Buffer): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return 0;
}

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const match = /^(\S+) (\S+) ?(.*)$/.exec(first);
  if (!match) throw new NotHttp(`a first line: ${JSON.stringify(first.slice(0, 60))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new NotHttp(`a header: ${JSON.stringify(line.slice(0, 60))}`);
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { start: [match[1] ?? "", match[2] ?? "", match[3] ?? ""], headers };
}
