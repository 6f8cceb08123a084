/**
 * The file that collectors of Docker's json-file follow: as much as they need to notice it, and all of it for who
 * reads.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

async function run(options: string[], command: string): Promise<{ id: string; path: string }> {
  const id = await daemon.ok("run", "-d", "--stop-timeout", "0", ...options, "busybox", "sh", "-c", command);
  return { id, path: await daemon.ok("inspect", "-f", "{{.LogPath}}", id) };
}

interface Line {
  log: string;
  stream: string;
  time: string;
  attrs?: Record<string, string>;
}
/** What of a file that is being written is no beginning of a line. */
const wholeLines = (text: string) => text.slice(0, text.lastIndexOf("\n") + 1);
const parse = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const text = (path: string) =>
  parse(readFileSync(path, "utf8"))
    .map(({ log }) => log)
    .join("");
/** The file and those put aside, the oldest first. */
function whole(path: string): Line[] {
  const number = (name: string) => Number(/\.log\.(\d+)/.exec(name)?.[1] ?? 0);
  const names = readdirSync(dirname(path))
    .filter((name) => name.includes("-json.log"))
    .sort((a, b) => number(b) - number(a));
  return names.flatMap((name) => {
    const bytes = readFileSync(join(dirname(path), name));
    return parse((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
  });
}

/** A program that has the file open and looks again and again, as collectors do. */
class Collector implements Disposable {
  readonly #fd: number;
  text = "";
  constructor(path: string) {
    this.#fd = openSync(path, "r");
  }
  read(): string {
    const buffer = Buffer.alloc(1 << 20);
    for (let length = readSync(this.#fd, buffer); length > 0; length = readSync(this.#fd, buffer))
      this.text += buffer.toString("utf8", 0, length);
    return this.text;
  }
  [Symbol.dispose]() {
    closeSync(this.#fd);
  }
}

const numbers = (lines: Line[]) => lines.map(({ log }) => Number(/\d+/.exec(log)?.[0]));
const isWhole = (found: number[]) => found.length > 0 && found.every((number, at) => number === (found[0] ?? 0) + at);

describe("json-file", () => {
  test("patterns in its options are Go's", async () => {
    const { id } = await run(
      [
        "--label",
        "who=me",
        "-e",
        "Aa=1",
        "--log-opt",
        "labels-regex=(?i)^WHO\\z",
        "--log-opt",
        "env-regex=^[[:upper:]]a",
      ],
      "echo out",
    );
    await daemon.ok("wait", id);
    expect(await daemon.ok("logs", "--details", id)).toBe("Aa=1,who=me out");
  });

  test.each([
    ["labels-regex=(", "error parsing regexp: missing closing ): `(`"],
    ["labels-regex=(?=x)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"],
    ["labels-regex=\\", "error parsing regexp: trailing backslash at end of expression: ``"],
    ["env-regex=x{1001}", "error parsing regexp: invalid repeat count: `{1001}`"],
    ["tag={{.toString}}", "can't evaluate field toString"],
  ])("%s is refused", async (option, words) => {
    const { exitCode, stderr } = await daemon.docker("create", "--log-opt", option, "busybox", "true");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)]);
  });

  test("is the default, and its options need no driver", async () => {
    const { id, path } = await run(
      [
        "--name",
        "named",
        "--label",
        "who=me",
        "-e",
        "A=<1>",
        "--log-opt",
        "tag={{.Name}}",
        "--log-opt",
        "labels=who",
        "--log-opt",
        "env-regex=^A",
      ],
      "echo out; echo err >&2; printf pa; sleep 0.1; echo rt; printf end",
    );
    expect(path).toBe(join(daemon.dataRoot, "containers", id, `${id}-json.log`));
    expect((await daemon.api("GET", "/info")).json.LoggingDriver).toBe("json-file");
    expect((await daemon.api("GET", `/containers/${id}/json`)).json.HostConfig.LogConfig.Type).toBe("json-file");
    await daemon.ok("wait", id);
    await until("the file", () => text(path).endsWith("end"));
    const lines = parse(readFileSync(path, "utf8"));
    expect(lines.map(({ stream, log }) => [stream, log]).sort()).toEqual([
      ["stderr", "err\n"],
      ["stdout", "end"],
      ["stdout", "out\n"],
      ["stdout", "part\n"],
    ]);
    for (const { attrs, time } of lines) {
      expect(attrs).toEqual({ A: "<1>", tag: "named", who: "me" });
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
    }
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test("local and none make no such file, nor does a container that never ran", async () => {
    expect((await run(["--log-driver", "local"], "echo x")).path).toBe("");
    expect((await run(["--log-driver", "none"], "echo x")).path).toBe("");
    const created = await daemon.ok("create", "busybox", "true");
    expect(await daemon.ok("inspect", "-f", "{{.LogPath}}", created)).toBe("");
  });

  test("nobody's gets its beginning only; who opens it gets all there is and all that comes", async () => {
    const { id, path } = await run(
      [],
      "seq 1 200000; until test -e /tmp/go; do sleep 0.02; done; seq 200001 200010; sleep 1000",
    );
    await until("the beginning", () => statSync(path).size >= 4096);
    await until("the log", async () => (await daemon.ok("logs", "--tail", "1", id)) === "200000");
    expect(statSync(path).size).toBeLessThan(1 << 20);
    using collector = new Collector(path);
    await until("all there is", () => collector.read().includes('"200000\\n"'));
    await daemon.ok("exec", id, "touch", "/tmp/go");
    await until("what comes", () => collector.read().includes('"200010\\n"'));
    expect(isWhole(numbers(parse(collector.text)))).toBe(true);
    expect(numbers(parse(collector.text))[0]).toBe(1);
  });

  test("who waits at the end, without reading, is noticed too", async () => {
    const { id, path } = await run(
      [],
      "seq 1 100000; until test -e /tmp/go; do sleep 0.02; done; echo more; sleep 1000",
    );
    await until("the beginning", () => statSync(path).size >= 4096);
    const fd = openSync(path, "r");
    await daemon.ok("exec", id, "touch", "/tmp/go");
    await until("the rest", () => readFileSync(path, "utf8").includes('"more\\n"'));
    closeSync(fd);
  });

  test("one that has ended before it was opened", async () => {
    const { id, path } = await run([], "seq 1 50000");
    await daemon.ok("wait", id);
    await until("all of it", () => numbers(parse(wholeLines(readFileSync(path, "utf8")))).at(-1) === 50_000);
    expect(isWhole(numbers(parse(readFileSync(path, "utf8"))))).toBe(true);
    // What it says next time comes as well.
    await daemon.ok("start", id);
    await daemon.ok("wait", id);
    await until("the second run", () => numbers(parse(wholeLines(readFileSync(path, "utf8")))).length === 100_000);
  });

  test("who came while there was no daemon", async () => {
    const { path, id } = await run([], "seq 1 100000; i=100000; while :; do i=$((i+1)); echo $i; sleep 0.05; done");
    await until("the beginning", () => statSync(path).size >= 4096);
    await daemon.signal("SIGKILL");
    using collector = new Collector(path);
    const before = collector.read().length;
    await daemon.up();
    await until(
      "what was said meanwhile and since",
      () => collector.read().length > before && (numbers(parse(wholeLines(collector.text))).at(-1) ?? 0) > 100_020,
    );
    expect(isWhole(numbers(parse(wholeLines(collector.text))))).toBe(true);
    await daemon.ok("rm", "-f", id);
  });

  test(
    "through rotations, restarts and sudden ends of " + "the daemon nothing is lost and nothing comes twice",
    async () => {
      const { id, path } = await run(
        ["--log-opt", "max-size=200k", "--log-opt", "max-file=200", "--log-opt", "compress=true"],
        "i=0; while ! test -e /tmp/stop; do i=$((i+1)); echo $i some words to fill the line; [ $((i % 400)) = 0 " +
          "] && sleep 0.03; done; printf $((i+1))",
      );
      readFileSync(path);
      for (let round = 0; round < 5; round++) {
        await Bun.sleep(300);
        await daemon.signal(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
        await Bun.sleep(100);
        await daemon.up();
      }
      const pid = Number(await daemon.ok("inspect", "-f", "{{.State.Pid}}", id));
      await Bun.write(`/proc/${pid}/root/tmp/stop`, "");
      await daemon.ok("wait", id);
      const last = Number(await daemon.ok("logs", "--tail", "1", id));
      await until("the end", () => {
        try {
          return numbers(whole(path)).at(-1) === last;
        } catch {
          return false;
        }
      });
      const found = numbers(whole(path));
      expect([found[0], found.length, isWhole(found)]).toEqual([1, last, true]);
      expect(existsSync(`${path}.1.gz`)).toBe(true);
      await daemon.ok("rm", id);
      expect(existsSync(dirname(path))).toBe(false);
    },
  );
});
