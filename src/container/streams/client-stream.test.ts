import { expect, test } from "bun:test";
import type { Frame } from "../../api/stdcopy.ts";
import type { TaskIo } from "../../runtime/types.ts";
import { ClientStream, type ClientStreamOptions } from "./client-stream.ts";
import { parseDetachKeys } from "./detach-keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

class FakeIo implements TaskIo {
  readonly written: string[] = [];
  readonly calls: string[] = [];
  constructor(private readonly output: Frame[]) {}
  readonly frames = { [Symbol.asyncIterator]: () => this.#read() };
  async *#read() {
    yield* this.output;
  }
  async write(data: Uint8Array) {
    this.written.push(text(data));
  }
  closeStdin() {
    this.calls.push("closeStdin");
  }
  close() {
    this.calls.push("close");
  }
}

function client(options: Partial<ClientStreamOptions> = {}) {
  const events: string[] = [];
  const stream = new ClientStream({
    tty: false,
    stdin: true,
    stdout: true,
    stderr: true,
    detachKeys: parseDetachKeys("ctrl-p,ctrl-q"),
    onDetach: () => events.push("detach"),
    onClose: () => events.push("close"),
    ...options,
  });
  return { stream, events };
}

async function read(stream: ClientStream): Promise<string[]> {
  const seen: string[] = [];
  for await (const frame of stream.frames) seen.push(`${frame.stream}${text(frame.data)}`);
  return seen;
}

test("input given before the start waits for it, and the end of input after it", async () => {
  const { stream } = client();
  const io = new FakeIo([]);
  const writing = stream.write(bytes("a"));
  stream.closeStdin();
  stream.connect(io);
  await writing;
  await read(stream);
  expect(io.written).toEqual(["a"]);
  expect(io.calls[0]).toBe("closeStdin");
});

test("only the streams asked for come through, after what was recorded", async () => {
  const { stream } = client({
    stderr: false,
    past: (async function* () {
      yield { stream: 1, data: bytes("old") } as const;
    })(),
  });
  stream.connect(
    new FakeIo([
      { stream: 1, data: bytes("x") },
      { stream: 2, data: bytes("y") },
    ]),
  );
  expect(await read(stream)).toEqual(["1old", "1x"]);
});

test("a terminal's client leaves by its keys", async () => {
  const { stream, events } = client({ tty: true });
  const io = new FakeIo([]);
  stream.connect(io);
  await stream.write(bytes("ls\x10\x11more"));
  expect(io.written).toEqual(["ls"]);
  expect(events).toEqual(["detach", "close"]);
  expect(io.calls).toContain("close");
});

test("without a terminal the keys are input like any other", async () => {
  const { stream, events } = client();
  const io = new FakeIo([]);
  stream.connect(io);
  await stream.write(bytes("\x10\x11"));
  expect(io.written).toEqual(["\x10\x11"]);
  expect(events).toEqual([]);
});

test("a client that is gone before the start is not kept, one whose start fails ends", async () => {
  const gone = client();
  gone.stream.close();
  const io = new FakeIo([]);
  gone.stream.connect(io);
  expect(gone.events).toEqual(["close"]);
  expect(io.calls).toEqual(["close"]);

  const failed = client();
  failed.stream.connect(null);
  expect(await read(failed.stream)).toEqual([]);
});
