import { Exchange } from "./exchange.ts";
import { type BodyEnd, type Head, MessageReader, NotHttp } from "./message.ts";

/** Looks on at the bytes of one connection. */
export interface Observer {
  fromClient(bytes: Uint8Array): void;
  fromEngine(bytes: Uint8Array): void;
  engineEnded(): void;
}

/** Takes the bytes of a connection apart into exchanges, each of which tells `report` what breaks the contract. */
export class Recorder implements Observer {
  readonly #waiting: Exchange[] = [];
  /** The request that is still being read, and the one whose reply is. */
  #asking: Exchange | null = null;
  #answering: Exchange | null = null;
  /** From where on the bytes are no HTTP, or nobody's business. */
  #clientRaw = false;
  #engineRaw = false;

  readonly #requests = new MessageReader({
    head: (head) => {
      this.#asking = new Exchange(head, this.report);
      this.#waiting.push(this.#asking);
      return requestEnd(head);
    },
    data: (bytes) => this.#asking?.requestData(bytes),
    end: () => {
      this.#asking?.requestEnd();
    },
  });

  readonly #replies = new MessageReader({
    head: (head) => {
      const status = Number(head.start[1]);
      if (status >= 100 && status < 200 && status !== 101) return "none";
      const exchange = this.#waiting.shift();
      if (!exchange) throw new NotHttp(`a reply that nobody asked for: ${head.start.join(" ")}`);
      this.#answering = exchange;
      exchange.reply(head);
      const end = replyEnd(exchange.method, status, head);
      // From here on the request's side belongs to a process, or to nobody.
      if (end === "connection") this.#clientRaw = true;
      return end;
    },
    data: (bytes) => this.#answering?.replyData(bytes),
    end: () => {
      this.#answering?.replyEnd();
      this.#answering = null;
    },
  });

  constructor(private readonly report: (breach: string) => void) {}

  fromClient(bytes: Uint8Array): void {
    if (this.#clientRaw) return;
    try {
      this.#requests.push(bytes);
    } catch (error) {
      if (!(error instanceof NotHttp)) throw error;
      // Tests send nonsense on purpose. What it is answered with is not looked at either.
      this.#clientRaw = true;
      this.#engineRaw = true;
    }
  }

  fromEngine(bytes: Uint8Array): void {
    if (this.#engineRaw) return;
    try {
      this.#replies.push(bytes);
    } catch (error) {
      if (!(error instanceof NotHttp)) throw error;
      this.report(`the engine sent what is no HTTP: ${error.message}`);
      this.#engineRaw = true;
    }
  }

  engineEnded(): void {
    if (!this.#engineRaw) this.#replies.close();
    this.#engineRaw = true;
  }
}

function requestEnd(head: Head): BodyEnd {
  if (/\bchunked\b/i.test(head.headers.get("transfer-encoding") ?? "")) return "chunked";
  const length = head.headers.get("content-length");
  return length === undefined ? "none" : lengthOf(length);
}

function replyEnd(method: string, status: number, head: Head): BodyEnd {
  if (status === 101) return "connection";
  if (method === "HEAD" || status === 204 || status === 304) return "none";
  if (/\bchunked\b/i.test(head.headers.get("transfer-encoding") ?? "")) return "chunked";
  const length = head.headers.get("content-length");
  return length === undefined ? "connection" : lengthOf(length);
}

function lengthOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new NotHttp(`a length: ${text}`);
  return Number(text);
}
