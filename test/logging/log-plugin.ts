import { bigInt64, bool, bytes, decode, field, int32, message, optional, string } from "../../src/lib/protobuf.ts";
import { RecordingPlugin } from "../../src/plugin/testing.ts";

const Entry = message({
  source: field(1, string),
  timeNano: field(2, bigInt64),
  line: field(3, bytes),
  partial: field(4, bool),
  piece: optional(5, message({ last: field(1, bool), id: field(2, string), ordinal: field(3, int32) })),
});

/** A line as a plugin got it. */
export interface PluginEntry {
  source: string;
  line: string;
  partial: boolean;
  piece: { last: boolean; id: string; ordinal: number } | undefined;
}

/** A log plugin of the tests' own: reads the pipes that it is told of. */
export class LogPlugin implements Disposable {
  readonly entries: PluginEntry[] = [];
  /** Pipes that have ended. */
  ended = 0;
  /** What StartLogging says that is wrong. */
  refusal = "";
  #hangs = false;
  readonly #plugin: RecordingPlugin;
  readonly #readers = new Set<Bun.Subprocess<"ignore", "pipe", "inherit">>();

  constructor(socket: string) {
    this.#plugin = new RecordingPlugin(socket, {
      "Plugin.Activate": { Implements: ["LogDriver"] },
      "LogDriver.Capabilities": { Cap: { ReadLogs: false } },
      "LogDriver.StartLogging": (body) => this.#start(body),
      "LogDriver.StopLogging": () => (this.#hangs ? new Promise(() => {}) : { Err: "" }),
    });
  }

  get asked() {
    return this.#plugin.asked;
  }
  methods(): string[] {
    return this.#plugin.methods();
  }
  /** It does not answer any more. */
  hang(): void {
    this.#hangs = true;
  }

  /** It ends, and what it has open. */
  async leave(): Promise<void> {
    for (const reader of this.#readers) reader.kill();
    await this.#plugin.leave();
  }
  come(): void {
    this.#plugin.come();
  }

  #start(body: unknown): unknown {
    if (this.refusal) return { Err: this.refusal };
    const { File } = body as { File: string };
    const reader = Bun.spawn(["cat", File], { stdout: "pipe" });
    this.#readers.add(reader);
    void this.#read(reader.stdout).finally(() => this.#readers.delete(reader));
    return { Err: "" };
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = Buffer.alloc(0);
    for await (const chunk of stream) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const end = 4 + rest.readUInt32BE(0);
        const { source, line, partial, piece } = decode(Entry, rest.subarray(4, end));
        this.entries.push({ source, line: Buffer.from(line).toString(), partial, piece });
        rest = rest.subarray(end);
      }
    }
    this.ended++;
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader.kill();
    this.#plugin[Symbol.dispose]();
  }
}
