import { describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseRfc3339 } from "../../api/timestamps.ts";
import { parseK8sLine } from "./k8s-file.ts";
import { type ReadLogsOptions, readLogs } from "./read.ts";
import { rotateLog, secureLive, tidyRotated } from "./rotate.ts";

const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, "0")}.000000000+00:00`;
const line = (second: number, text: string, stream = "stdout", tag = "F") => `${at(second)} ${stream} ${tag} ${text}\n`;
const time = (second: number) => parseRfc3339(at(second)) ?? 0n;

/** A log in a directory of its own. */
class Log implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "berth-log-"));
  readonly path = join(this.dir, "container.log");
  write(...lines: string[]) {
    appendFileSync(this.path, lines.join(""));
  }
  async read(options: Partial<ReadLogsOptions> = {}): Promise<string> {
    let text = "";
    for await (const batch of readLogs({ path: this.path, ...options }))
      for (const entry of batch) text += Buffer.from(entry.data).toString();
    return text;
  }
  /** Rotates as with a writer that changes over at once. */
  rotate() {
    return rotateLog(this.path, async () => writeFileSync(this.path, ""));
  }
  [Symbol.dispose]() {
    rmSync(this.dir, { recursive: true });
  }
}

describe("lines", () => {
  test("k8s-file", () => {
    expect(parseK8sLine(Buffer.from("2026-01-02T03:04:05.000000006+00:00 stderr P some text \n"))).toEqual({
      stream: 2,
      time: "2026-01-02T03:04:05.000000006Z",
      data: Buffer.from("some text "),
      partial: true,
    });
    expect(parseK8sLine(Buffer.from("2026-01-02T03:04:05.000000006+02:00 stdout F \n"))).toEqual({
      stream: 1,
      time: "2026-01-02T01:04:05.000000006Z",
      data: Buffer.from("\n"),
      partial: false,
    });
    for (const bad of [
      "",
      "x",
      "2026-01-02T03:04:05.000000006+00:00 stdin F x",
      "2026-01-02T03:04:05.000000006+00:00 stdout X x",
      "yesterday-at-a-quarter-to-twelve stdout F x",
    ]) {
      expect(parseK8sLine(Buffer.from(`${bad}\n`))).toBeNull();
    }
  });
});

describe("reading", () => {
  test("what is not there", async () => {
    using log = new Log();
    expect(await log.read()).toBe("");
    expect(await log.read({ tail: 5 })).toBe("");
  });
  test("by stream and time; damaged and unfinished lines are passed over", async () => {
    using log = new Log();
    log.write(
      line(1, "one"),
      line(2, "two", "stderr"),
      "garbage\n",
      line(3, "three"),
      line(4, "four"),
      `${at(5)} stdout F fi`,
    );
    expect(await log.read()).toBe("one\ntwo\nthree\nfour\n");
    expect(await log.read({ stdout: false })).toBe("two\n");
    expect(await log.read({ since: time(2), until: time(3) })).toBe("two\nthree\n");
    expect(await log.read({ until: time(3), tail: 1 })).toBe("three\n");
    expect(await log.read({ stderr: false, tail: 3 })).toBe("one\nthree\nfour\n");
  });
  test("across rotated and compressed files", async () => {
    using log = new Log();
    for (let round = 0; round < 4; round++) {
      log.write(line(round * 2, `a${round}`), line(round * 2 + 1, `b${round}`));
      expect(await log.rotate()).toBe(true);
      if (round < 2) await tidyRotated(log.path, { maxSize: 1, maxFiles: 9, compress: true });
    }
    log.write(line(9, "live"));
    expect(readdirSync(log.dir).sort()).toEqual([
      "container.log",
      "container.log.1.gz",
      "container.log.2.gz",
      "container.log.3",
      "container.log.4",
      "container.log.5.live",
    ]);
    expect(await log.read()).toBe("a0\nb0\na1\nb1\na2\nb2\na3\nb3\nlive\n");
    expect(await log.read({ tail: 2 })).toBe("b3\nlive\n");
    expect(await log.read({ tail: 4 })).toBe("b2\na3\nb3\nlive\n");
    expect(await log.read({ tail: 6 })).toBe("b1\na2\nb2\na3\nb3\nlive\n");
    expect(await log.read({ tail: 100 })).toBe("a0\nb0\na1\nb1\na2\nb2\na3\nb3\nlive\n");
    expect(await log.read({ tail: 0 })).toBe("");
  });
  test("pieces of a line stay together at the tail", async () => {
    using log = new Log();
    log.write(
      line(1, "first"),
      line(2, "a", "stdout", "P"),
      line(2, "b", "stdout", "P"),
      line(2, "c"),
      line(3, "open", "stdout", "P"),
    );
    expect(await log.read({ tail: 1 })).toBe("open");
    expect(await log.read({ tail: 2 })).toBe("abc\nopen");
  });
  test("a tail longer than a block", async () => {
    using log = new Log();
    const lines = Array.from({ length: 5000 }, (_, index) =>
      line(index % 60, `line ${index} ${"x".repeat(index % 200)}`),
    );
    log.write(...lines);
    const all = await log.read();
    for (const tail of [1, 700, 701, 702, 4999, 5000, 6000]) {
      expect(await log.read({ tail })).toBe(
        all
          .split("\n")
          .slice(-tail - 1)
          .join("\n"),
      );
    }
  });
  test("ends where the log ended when it was asked for, however the writer goes on", async () => {
    for (const options of [{}, { tail: 3 }, { since: time(0) }] satisfies Partial<ReadLogsOptions>[]) {
      using log = new Log();
      log.write(...Array.from({ length: 3000 }, (_, index) => line(1, `line ${index} ${"x".repeat(100)}`)));
      let last = 0;
      let lines = 0;
      for await (const batch of readLogs({ path: log.path, ...options })) {
        lines += batch.length;
        last = Number(
          Buffer.from(batch.at(-1)?.data ?? [])
            .toString()
            .split(" ")[1],
        );
        // A writer that is always faster, and turns the file over under the reader.
        log.write(...Array.from({ length: 2000 }, () => line(2, "line 999999")));
        if (lines > 1000) await log.rotate();
        await tidyRotated(log.path, { maxSize: 1, maxFiles: 50, compress: true });
        if (lines > 20_000) break;
      }
      expect([last, lines]).toEqual([2999, options.tail ?? 3000]);
    }
  });
  test("a file that is compressed or removed between two looks is read nevertheless", async () => {
    using log = new Log();
    for (const name of ["a", "b", "c"]) {
      log.write(line(1, name));
      await log.rotate();
    }
    const reader = readLogs({ path: log.path });
    expect(Buffer.from((await reader.next()).value?.[0]?.data ?? []).toString()).toBe("a\n");
    await tidyRotated(log.path, { maxSize: 1, maxFiles: 2, compress: true });
    const rest: string[] = [];
    for await (const batch of reader) rest.push(...batch.map(({ data }) => Buffer.from(data).toString()));
    expect(rest).toEqual(["b\n", "c\n"]);
  });
});

describe("following", () => {
  /** Starts to follow; `saw` waits for text to arrive. */
  function follow(log: Log, options: Partial<ReadLogsOptions> = {}) {
    const ended = new AbortController();
    let text = "";
    const done = (async () => {
      for await (const batch of readLogs({ path: log.path, follow: true, ended: ended.signal, ...options }))
        for (const { data } of batch) text += Buffer.from(data).toString();
      return text;
    })();
    return {
      ended,
      done,
      saw: async (wanted: string) => {
        while (!text.includes(wanted)) await Bun.sleep(2);
      },
    };
  }
  test("across rotations, with nothing lost and nothing twice", async () => {
    using log = new Log();
    const following = follow(log);
    let expected = "";
    for (let index = 0; index < 30; index++) {
      log.write(line(index, `line ${index}`));
      expected += `line ${index}\n`;
      if (index % 5 === 4) {
        await log.rotate();
        await tidyRotated(log.path, { maxSize: 1, maxFiles: 3, compress: true });
      }
      if (index % 3 === 0) await following.saw(`line ${index}\n`);
    }
    await following.saw("line 29\n");
    following.ended.abort();
    expect(await following.done).toBe(expected);
  });
  test("lines that come right behind one that was just read", async () => {
    using log = new Log();
    const following = follow(log);
    for (let index = 0; index < 400; index += 4) {
      log.write(line(1, `line ${index}`));
      await following.saw(`line ${index}\n`);
      // At once, while the reader finds that there is no more: nothing else wakes it.
      for (const next of [1, 2, 3]) log.write(line(1, `line ${index + next}`));
      await following.saw(`line ${index + 3}\n`);
    }
    following.ended.abort();
    expect((await following.done).split("\n")).toHaveLength(401);
  });
  test("with a single file", async () => {
    using log = new Log();
    const following = follow(log);
    for (let index = 0; index < 6; index++) {
      log.write(line(index, `line ${index}`));
      await following.saw(`line ${index}\n`);
      await log.rotate();
      await tidyRotated(log.path, { maxSize: 1, maxFiles: 1, compress: false });
    }
    log.write(line(9, "last"));
    following.ended.abort();
    expect(await following.done).toBe("line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nlast\n");
  });
  test("a writer that changes over late", async () => {
    using log = new Log();
    log.write(line(1, "one"));
    const following = follow(log);
    await following.saw("one\n");
    const { promise, resolve } = Promise.withResolvers<void>();
    const rotating = rotateLog(log.path, async () => {
      appendFileSync(`${log.path}.1`, line(2, "two"));
      await promise;
      appendFileSync(`${log.path}.1`, line(3, "three"));
      writeFileSync(log.path, line(4, "four"));
    });
    await following.saw("two\n");
    resolve();
    await rotating;
    await following.saw("four\n");
    following.ended.abort();
    expect(await following.done).toBe("one\ntwo\nthree\nfour\n");
  });
  test("only what is new", async () => {
    using log = new Log();
    log.write(line(1, "old"));
    const following = follow(log, { tail: 0 });
    // It begins when it has found the end, which it does not tell: write until it hears.
    const heard = following.saw("new\n").then(() => true);
    do log.write(line(2, "new"));
    while (!(await Promise.race([heard, Bun.sleep(20)])));
    following.ended.abort();
    expect(await following.done).toMatch(/^(new\n)+$/);
  });
  test("up to a time", async () => {
    using log = new Log();
    log.write(line(1, "one"));
    const following = follow(log, { until: time(2) });
    await following.saw("one\n");
    log.write(line(2, "two"), line(3, "three"));
    expect(await following.done).toBe("one\ntwo\n");
  });
  test("until the reader leaves", async () => {
    using log = new Log();
    const leaving = new AbortController();
    const following = follow(log, { signal: leaving.signal });
    await Bun.sleep(10);
    leaving.abort();
    expect(await following.done).toBe("");
  });
});

describe("what the writer replaced by itself", () => {
  test("is put aside, and read in its place", async () => {
    using log = new Log();
    log.write(line(1, "one"));
    await secureLive(log.path);
    writeFileSync(`${log.path}.tmp`, line(2, "two"));
    renameSync(`${log.path}.tmp`, log.path);
    expect(await log.read()).toBe("one\ntwo\n");
    await secureLive(log.path);
    expect(existsSync(`${log.path}.1`)).toBe(true);
    expect(await log.read()).toBe("one\ntwo\n");
  });
  test("a compressed file cut off by a crash gives what it has", async () => {
    using log = new Log();
    const packed = gzipSync(
      Array.from({ length: 2000 }, (_, index) => line(1, `line ${index} ${Bun.hash(String(index))}`)).join(""),
    );
    writeFileSync(`${log.path}.1.gz`, packed.subarray(0, packed.length / 2));
    log.write(line(2, "live"));
    const text = await log.read();
    expect(text.startsWith("line 0 ")).toBe(true);
    expect(text.endsWith("live\n")).toBe(true);
  });
});
