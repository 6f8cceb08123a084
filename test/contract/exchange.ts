import { type Breach, check } from "./check.ts";
import { findOperation, isUndocumented, type Operation, versionNumber, versionText } from "./description.ts";
import { excused, excusedStatus, ownRoutes, versionOfShapes } from "./exceptions.ts";
import { lineTypes } from "./lines.ts";
import type { Head } from "./message.ts";
import { type Type, typeOf } from "./types.ts";

/** Bytes of a body that are looked at; a larger one is let by. */
const bodyLimit = 16 * 1024 * 1024;

const commonHeaders = ["server", "ostype", "api-version", "docker-experimental"];

const errorType = typeOf("$ErrorResponse");
const decode = (chunks: Uint8Array[]) => Buffer.concat(chunks).toString();

/** What is done with a body as it comes in. */
interface BodyCheck {
  data(bytes: Uint8Array): void;
  /** The body came whole. */
  end(): void;
}

/** One request with its reply, and what in them breaks the contract. */
export class Exchange {
  readonly method: string;
  readonly #path: string;
  readonly #asked: number | null;
  readonly #operation: Operation | null;
  readonly #query: URLSearchParams;
  readonly #request: Head;
  readonly #sent: Uint8Array[] = [];
  #sentSize = 0;
  #version = 0;
  #body: BodyCheck | null = null;

  constructor(
    request: Head,
    private readonly tell: (breach: string) => void,
  ) {
    this.#request = request;
    this.method = request.start[0];
    const [rawPath = "", query = ""] = request.start[1].split("?");
    const [, version, path = ""] = /^(?:\/v(\d+\.\d+))?(\/.*)$/.exec(rawPath) ?? [];
    const plain = decoded(path);
    this.#path = plain ?? path;
    this.#asked = version === undefined ? null : versionNumber(version);
    this.#query = new URLSearchParams(query);
    this.#operation = plain === null ? null : findOperation(this.method, plain);
  }

  requestData(bytes: Uint8Array): void {
    if (
      !/\bjson\b/.test(this.#request.headers.get("content-type") ?? "") ||
      (this.#sentSize += bytes.length) > bodyLimit
    )
      return;
    // What is given is only lent.
    this.#sent.push(bytes.slice());
  }

  requestEnd(): void {
    /* looked at when the reply says whether the engine took it */
  }

  reply(head: Head): void {
    const status = Number(head.start[1]);
    this.#version = versionOfShapes(this.#asked, this.#userAgent);
    if (this.#operation) this.#described(this.#operation, status, head);
    else this.#undescribed(status, head);
  }

  replyData(bytes: Uint8Array): void {
    this.#body?.data(bytes);
  }

  replyEnd(): void {
    this.#body?.end();
  }

  #described(operation: Operation, status: number, head: Head): void {
    if (status < 400) this.#checkRequest(operation);
    if (!(status in operation.responses) && !excusedStatus(operation.id, status)) {
      this.#say("status", Object.keys(operation.responses).join(", "), String(status));
    }
    // Where the connection is handed over, and where a version is refused, some or all are left out.
    const bare = isHandedOver(status, head) || status === 400 || status === 431;
    for (const name of bare ? [] : commonHeaders)
      if (!head.headers.has(name)) this.#say(`header ${name}`, "a value", "nothing");
    // Attaching has the connection in hand before it looks for the container.
    if (status >= 400 && /raw-stream/.test(head.headers.get("content-type") ?? "")) return;
    if (status >= 400) return void (this.#body = this.#errorBody(operation.id, head));
    if (status === 204 || status === 304 || this.method === "HEAD") return;
    const type = head.headers.get("content-type") ?? "";
    const line = lineTypes[operation.id];
    const schema = operation.responses[status];
    if (line) {
      // Berth's own command line has other things told.
      if (operation.id === "ImageBuild" && this.#own) return;
      this.#body = this.#lines(operation, line());
    } else if (/multiplexed-stream/.test(type)) {
      this.#body = new Frames((got) => this.#say("frame", "a stream 0 to 3 and a length", got));
    } else if (schema && operation.produces.includes("application/json")) {
      if (!/^application\/json\b/.test(type)) this.#say("content type", "application/json", type || "nothing");
      this.#body = this.#document(operation, typeOf(schema));
    } else if (
      operation.produces.length > 0 &&
      type !== "" &&
      !operation.produces.some((each) => type.startsWith(each)) &&
      !excused(operation.id, "content-type", type, this.#version)
    ) {
      this.#say("content type", operation.produces.join(", "), type);
    }
  }

  #undescribed(status: number, head: Head): void {
    if (
      isUndocumented(this.method, this.#path) ||
      ownRoutes.some((route) => route.test(`${this.method} ${this.#path}`))
    )
      return;
    if (status !== 404 && this.method !== "OPTIONS") this.#say("status", "404 for what is no route", String(status));
    else if (status === 404) this.#body = this.#errorBody("*", head);
  }

  #checkRequest(operation: Operation): void {
    const own = this.#own;
    if (own) {
      for (const name of this.#query.keys()) {
        if (!operation.query.includes(name) && !excused(operation.id, "query", name, this.#version))
          this.#say(`query ${name}`, "nothing", JSON.stringify(this.#query.get(name)));
      }
    }
    if (!operation.body || this.#sent.length === 0 || this.#sentSize > bodyLimit) return;
    let value: unknown;
    try {
      value = JSON.parse(decode(this.#sent));
    } catch {
      return; // An encoding of its own, or not JSON after all: the engine took it.
    }
    const rules = {
      operation: null,
      version: this.#version,
      since: {},
      last: operation.requestLast,
      closed: own,
      nulls: true,
    };
    this.#tellAll(`request ${operation.id}`, "request", check(typeOf(operation.body), value, rules));
  }

  get #userAgent(): string {
    return this.#request.headers.get("user-agent") ?? "";
  }

  get #own(): boolean {
    return this.#userAgent.startsWith("Berth");
  }

  #errorBody(operation: string, head: Head): BodyCheck | null {
    // Clients of before 1.24 get plain text.
    if (this.method === "HEAD" || (this.#asked !== null && this.#asked < 1024)) return null;
    const type = head.headers.get("content-type") ?? "";
    if (!/^application\/json\b/.test(type)) this.#say("content type", "application/json", type || "nothing");
    return this.#json((value) =>
      this.#tellAll(
        operation,
        "error",
        check(errorType, value, { operation: null, version: this.#version, since: {}, last: {}, closed: true }),
      ),
    );
  }

  #document(operation: Operation, type: Type): BodyCheck {
    return this.#json((value) => this.#tellAll(operation.id, "body", this.#checked(operation, type, value)));
  }

  #json(look: (value: unknown) => void): BodyCheck {
    const chunks: Uint8Array[] = [];
    let size = 0;
    return {
      data: (bytes) => {
        if ((size += bytes.length) <= bodyLimit) chunks.push(bytes.slice());
      },
      end: () => {
        if (size <= bodyLimit) this.#parse(decode(chunks), look);
      },
    };
  }

  /** A stream of JSON values, a line each. */
  #lines(operation: Operation, type: Type): BodyCheck {
    let rest = "";
    const decoder = new TextDecoder();
    // Events as a sequence of texts have a separator before each (RFC 7464).
    const bare = (line: string) => line.replace(/^\x1e/, "").trim();
    const look = (line: string) => {
      if (bare(line) !== "")
        this.#parse(bare(line), (value) => this.#tellAll(operation.id, "line", this.#checked(operation, type, value)));
    };
    return {
      data: (bytes) => {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(look);
      },
      end: () => look(rest),
    };
  }

  #checked(operation: Operation, type: Type, value: unknown): Breach[] {
    return check(type, value, {
      operation: operation.id,
      version: this.#version,
      since: operation.since,
      last: operation.last,
      closed: true,
    });
  }

  #parse(text: string, look: (value: unknown) => void): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.#say("body", "JSON", JSON.stringify(text.slice(0, 80)));
    }
    look(value);
  }

  #tellAll(operation: string, what: string, breaches: Breach[]): void {
    for (const breach of breaches) {
      if (excused(operation, breach.kind, breach.pattern, this.#version)) continue;
      this.#say(
        breach.at === "" ? what : breach.at.startsWith("[") ? `${what}${breach.at}` : `${what}.${breach.at}`,
        breach.expected,
        breach.got,
      );
    }
  }

  #say(where: string, expected: string, got: string): void {
    this.tell(
      `${this.method} ${this.#operation?.path ?? this.#path} v${versionText(this.#version)}: ${where}: ` +
        `expected ${expected}, got ${got}`,
    );
  }
}

/** Frames of a process's output: a byte for the stream, three of zero, four of length. */
class Frames implements BodyCheck {
  readonly #head = Buffer.alloc(8);
  #filled = 0;
  #left = 0;
  #broken = false;

  constructor(private readonly say: (got: string) => void) {}

  data(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0 && !this.#broken; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, rest.length);
        this.#left -= taken;
        rest = rest.subarray(taken);
        continue;
      }
      const taken = rest.subarray(0, 8 - this.#filled);
      this.#head.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled < 8) continue;
      this.#filled = 0;
      this.#left = this.#head.readUInt32BE(4);
      if ((this.#head[0] ?? 0) > 3 || this.#head.readUIntBE(1, 3) !== 0) {
        this.#broken = true;
        this.say(this.#head.toString("hex"));
      }
    }
  }

  end(): void {
    /* an engine that ends, or a client that leaves, may cut one off */
  }
}

function isHandedOver(status: number, head: Head): boolean {
  return (
    status === 101 ||
    (!head.headers.has("content-length") && !head.headers.has("transfer-encoding") && status !== 204 && status !== 304)
  );
}

/** null where it is no text. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
