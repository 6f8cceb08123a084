import { adoptSocket } from "../linux/fd-socket.ts";
import { closeFd } from "../linux/seqpacket.ts";

/** Lines of text from a socket that a child process writes to. */
export class LineSocket {
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string | null) => void)[] = [];
  #rest = "";
  #ended = false;
  #close = () => {};

  /** Takes ownership of the descriptor. */
  static async open(fd: number): Promise<LineSocket> {
    const lines = new LineSocket();
    try {
      const socket = await adoptSocket(fd, {
        data: (_, chunk) => lines.#receive(chunk.toString()),
        close: () => lines.#end(),
        error: () => lines.#end(),
      });
      lines.#close = () => socket.end();
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return lines;
  }

  /** The next line, or null where the other side is gone. */
  next(): Promise<string | null> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#close();
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(line);
      else this.#lines.push(line);
    }
  }

  #end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }
}
