import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { attachTask } from "../../src/runtime/attach.ts";
import { logSize } from "../../src/runtime/logs/files.ts";
import { readLogs } from "../../src/runtime/logs/read.ts";
import { startTask } from "../../src/runtime/start.ts";
import { until } from "../harness.ts";
import { collect, RuntimeHost, readText } from "./host.ts";

const MB = 1_000_000;

/** Reads what seq(1) wrote and sees whether each number follows the one before. Lines may come in pieces. */
class Numbers {
  whole = true;
  last = 0;
  count = 0;
  #begun = "";

  push(data: Uint8Array): void {
    this.#begun += Buffer.from(data).toString();
    if (!this.#begun.endsWith("\n")) return;
    const number = Number(this.#begun);
    this.#begun = "";
    // The oldest line that is kept may have lost its beginning.
    if (this.count > 1 && number !== this.last + 1) this.whole = false;
    this.last = number;
    this.count++;
  }
}

test("a gigabyte that nobody reads takes what is allowed, and the end of it is whole", async () => {
  await using host = new RuntimeHost();
  const limits = { maxSize: 20 * MB, maxFiles: 5, compress: true };
  // About 1.1 GB on disk, with its times.
  const id = await host.start({ Cmd: ["sh", "-c", "seq 1 18000000"] }, {}, { logLimits: limits });
  await startTask(host.deps, id);
  let largest = 0;
  await until(
    "the end",
    () => {
      largest = Math.max(largest, logSize(host.logPath(id)));
      return host.exits.has(id);
    },
    240_000,
  );
  expect(largest).toBeLessThan(400 * MB);
  // A writer that ends while its file is put aside leaves that one as it is, and no live one.
  const plain = () => readdirSync(dirname(host.logPath(id))).filter((name) => /\.\d+$/.test(name)).length;
  await until("compression", () => plain() <= (existsSync(host.logPath(id)) ? 0 : 1));
  expect(logSize(host.logPath(id))).toBeLessThan(100 * MB);
  const numbers = new Numbers();
  for await (const batch of readLogs({ path: host.logPath(id) })) for (const { data } of batch) numbers.push(data);
  expect(numbers).toMatchObject({ whole: true, last: 18_000_000 });
  expect(numbers.count).toBeGreaterThan(1_000_000);
  expect(await readText({ path: host.logPath(id), tail: 3 })).toBe("17999998\n17999999\n18000000\n");
}, 300_000);

test("a follower misses nothing while the log turns over under it", async () => {
  await using host = new RuntimeHost();
  const id = await host.start(
    { Cmd: ["sh", "-c", "seq 1 200000; seq 200001 400000 >&2"] },
    {},
    { logLimits: { maxSize: 2 * MB, maxFiles: 50, compress: true } },
  );
  const ended = new AbortController();
  const numbers = { 1: new Numbers(), 2: new Numbers() };
  const reading = (async () => {
    for await (const batch of readLogs({ path: host.logPath(id), follow: true, ended: ended.signal })) {
      for (const { stream, data } of batch) numbers[stream].push(data);
    }
  })();
  await startTask(host.deps, id);
  await host.exit(id, 60_000);
  ended.abort();
  await reading;
  expect(numbers[1]).toMatchObject({ whole: true, count: 200_000, last: 200_000 });
  expect(numbers[2]).toMatchObject({ whole: true, count: 200_000, last: 400_000 });
});

test("a line longer than the monitor's buffer comes whole", async () => {
  await using host = new RuntimeHost();
  const id = await host.start({ Cmd: ["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo; printf end"] });
  await startTask(host.deps, id);
  await host.exit(id);
  expect(await readText({ path: host.logPath(id) })).toBe(`${"x".repeat(100_000)}\nend`);
});

test("without a log nothing is written, and attach still works", async () => {
  await using host = new RuntimeHost();
  const id = await host.start({ Cmd: ["echo", "hi"] }, {}, { logPath: null });
  const output = collect(await attachTask(host.deps, id));
  await startTask(host.deps, id);
  expect((await output).stdout).toBe("hi\n");
  await host.exit(id);
});

test("a restart writes on in the same log", async () => {
  await using host = new RuntimeHost();
  const logPath = host.logPath("again");
  for (const word of ["one", "two"]) {
    const id = await host.start({ Cmd: ["echo", word] }, {}, { logPath });
    await startTask(host.deps, id);
    await host.exit(id);
  }
  expect(await readText({ path: logPath })).toBe("one\ntwo\n");
});
