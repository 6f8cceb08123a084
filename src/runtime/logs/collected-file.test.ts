import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { CollectedFile } from "./collected-file.ts";
import type { LogEntry } from "./entry.ts";
import { encodeAttributes, encodeJsonLine } from "./json-line.ts";
import type { LogLimits } from "./limits.ts";
import { LineJoiner } from "./line-joiner.ts";

const time = "2026-01-02T03:04:05.060000000Z";
const entry = (text: string, stream: 1 | 2 = 1): LogEntry => ({
  stream,
  time,
  data: Buffer.from(text),
  partial: !text.endsWith("\n"),
});

describe("a line", () => {
  test("has Docker's form", () => {
    const attributes = encodeAttributes({ tag: "x", A: "<y>" });
    expect(encodeJsonLine(entry('a\t"<é>\n', 2), attributes)).toBe(
      '{"log":"a\\t\\"\\u003cé\\u003e\\n","stream":"stderr","attrs":{"A":"\\u003cy\\u003e","tag":"x"},' +
        '"time":"2026-01-02T03:04:05.06Z"}\n',
    );
    expect(encodeJsonLine({ ...entry("x"), time: "2026-01-02T03:04:50.000000000Z" }, "")).toBe(
      '{"log":"x","stream":"stdout","time":"2026-01-02T03:04:50Z"}\n',
    );
  });
  test("is made of the pieces of its stream, cut at 16 KiB", () => {
    const joiner = new LineJoiner();
    const push = (text: string, stream: 1 | 2 = 1) =>
      joiner.push(entry(text, stream)).map(({ data }) => data.toString());
    expect(push("one ")).toEqual([]);
    expect(push("other\n", 2)).toEqual(["other\n"]);
    expect(push("two\n")).toEqual(["one two\n"]);
    expect(push("x".repeat(10_000))).toEqual([]);
    expect(push(`${"x".repeat(10_000)}\n`).map((line) => line.length)).toEqual([16_384, 3617]);
    expect(push(`${"y".repeat(16_384)}\n`).map((line) => line.length)).toEqual([16_384, 1]);
    push("end");
    const again = new LineJoiner(JSON.parse(JSON.stringify(joiner.held)));
    expect(again.flush()).toEqual([{ stream: 1, time, data: Buffer.from("end") }]);
    expect(again.held).toEqual({});
  });
});

class Place implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "berth-collected-"));
  readonly path = join(this.dir, "id-json.log");
  readonly state = join(this.dir, "logs", "state.json");
  file: CollectedFile;
  #lines = 0;
  constructor(private readonly limits: LogLimits) {
    this.file = this.again();
  }
  /** As the next daemon finds it. */
  again(): CollectedFile {
    this.file = new CollectedFile(this.path, this.state, this.limits, (error) => {
      throw error;
    });
    this.file.ensure();
    this.file.open();
    return this.file;
  }
  /** The batch that the log has behind what the file has come to: always the same there. */
  next(count = 3): Promise<void> {
    const from = this.file.position.offset;
    const entries = Array.from({ length: count }, (_, at) =>
      entry(`line ${from + at} ${"é".repeat((from + at) % 7)}${(from + at) % 5 === 4 ? "" : "\n"}`),
    );
    this.#lines = Math.max(this.#lines, from + count);
    return this.file.append({ entries, position: { sequence: 1, offset: from + count }, length: 1 });
  }
  /** All of it, the oldest first. */
  text(): string {
    const rotated = readdirSync(this.dir)
      .filter((name) => /log\.\d+/.test(name))
      .sort((a, b) => Number(/\.(\d+)/.exec(b)?.[1]) - Number(/\.(\d+)/.exec(a)?.[1]));
    const read = (name: string) =>
      name.endsWith(".gz")
        ? gunzipSync(readFileSync(join(this.dir, name))).toString()
        : readFileSync(join(this.dir, name), "utf8");
    return [...rotated, "id-json.log"]
      .map(read)
      .join("")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).log)
      .join("");
  }
  get expected(): string {
    return Array.from(
      { length: this.#lines },
      (_, at) => `line ${at} ${"é".repeat(at % 7)}${at % 5 === 4 ? "" : "\n"}`,
    ).join("");
  }
  [Symbol.dispose]() {
    this.file.close();
    rmSync(this.dir, { recursive: true });
  }
}

test("a daemon that ended before it noted how far it was doubles nothing, however far it came", async () => {
  for (const cut of [0, 1, 7, 60, 100, 1000]) {
    using place = new Place({ maxSize: null, maxFiles: 1, compress: false });
    for (let round = 0; round < 20; round++) {
      const before = readFileSync(place.state);
      const size = statSync(place.path).size;
      await place.next(1 + (round % 4));
      if (round % 3 !== 0) continue;
      place.file.close();
      writeFileSync(place.state, before);
      truncateSync(place.path, Math.max(size, statSync(place.path).size - cut));
      place.again();
      await place.next(1 + (round % 7));
    }
    while (place.file.position.offset % 5 !== 1) await place.next(1);
    expect(place.text()).toBe(place.expected);
  }
});

test.each([true, false])(
  "turns over as Docker's (compressed: %p), also with a daemon that ends in between",
  async (compress) => {
    using place = new Place({ maxSize: 1500, maxFiles: 6, compress });
    const writeOut = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) await place.next(9);
    };
    await writeOut(6);
    // In the middle of a rotation: the file is put aside, and there is no other yet.
    await place.file.settled();
    place.file.close();
    const suffix = compress ? ".gz" : "";
    for (let at = 4; at >= 1; at--)
      if (existsSync(`${place.path}.${at}${suffix}`))
        renameSync(`${place.path}.${at}${suffix}`, `${place.path}.${at + 1}${suffix}`);
    renameSync(place.path, `${place.path}.1`);
    place.again();
    await writeOut(4);
    await place.file.settled();
    const names = readdirSync(place.dir)
      .filter((name) => name.startsWith("id-json.log"))
      .sort();
    expect(names).toEqual(["id-json.log", ...names.slice(1).map((_, at) => `id-json.log.${at + 1}${suffix}`)]);
    expect(names.length).toBeGreaterThan(4);
    expect(names.length).toBeLessThan(7);
    while (place.file.position.offset % 5 !== 1) await place.next(1);
    expect(place.text()).toBe(place.expected);
    await writeOut(30);
    await place.file.settled();
    expect(readdirSync(place.dir).filter((name) => name.startsWith("id-json.log"))).toHaveLength(6);
    expect(place.expected.endsWith(place.text())).toBe(true);
  },
);

test("one file only begins anew; a file that somebody has emptied goes on", async () => {
  using place = new Place({ maxSize: 1000, maxFiles: 1, compress: false });
  for (let round = 0; round < 20; round++) await place.next(2);
  expect(readdirSync(place.dir).sort()).toEqual(["id-json.log", "logs"]);
  expect(statSync(place.path).size).toBeLessThan(1100);
  truncateSync(place.path, 0);
  place.file.close();
  place.again();
  const from = place.file.position.offset;
  await place.next(3);
  appendFileSync(place.path, "");
  expect(place.text()).toContain(`line ${from} `);
});

test("what is brought in at once lies in one file, as large as all that the log keeps", async () => {
  using place = new Place({ maxSize: 1000, maxFiles: 4, compress: false });
  place.file.filling = true;
  while (place.file.size < 3500) await place.next(5);
  expect(existsSync(`${place.path}.1`)).toBe(false);
  await place.next(50);
  expect(existsSync(`${place.path}.1`)).toBe(true);
  place.file.filling = false;
  await place.next(50);
  expect(statSync(place.path).size).toBeLessThan(1200);
});
