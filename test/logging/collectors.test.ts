/** What receivers of GELF, of Fluentd's forward protocol and of Splunk's collector get, as dockerd sends it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { gunzipSync } from "node:zlib";
import { quoteJson } from "../../src/lib/quote-json.ts";
import { Daemon, freePort, until } from "../harness.ts";
import { ForwardReceiver } from "./forward.ts";
import { GelfReceiver } from "./gelf.ts";
import { Sink } from "./sink.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const command = "echo one; echo; sleep 0.1; echo 'two <&>' >&2; sleep 0.1; printf three";
const run = (driver: string, options: Record<string, string>, ...more: string[]) =>
  daemon.docker(
    "run",
    "-d",
    `--log-driver=${driver}`,
    ...Object.entries(options).map(([name, value]) => `--log-opt=${name}=${value}`),
    "--label=l.1=x",
    "--env=A=1",
    "--log-opt=labels=l.1",
    "--log-opt=env=A",
    ...more.slice(0, -1),
    "busybox",
    "sh",
    "-c",
    more.at(-1) ?? command,
  );
const started = async (driver: string, options: Record<string, string>, ...more: string[]) => {
  const { stdout, stderr, exitCode } = await run(driver, options, ...more);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim();
};

describe("gelf", () => {
  const fields = async (id: string) => {
    const { Created, Image, Name } = JSON.parse(await daemon.ok("inspect", "-f", "{{json .}}", id));
    return (
      `"_A":"1","_command":${quoteJson(`sh -c ${command}`)}` +
      `,"_container_id":"${id}","_container_name":"${Name.slice(1)}","_created":"${Created}",` +
      `"_image_id":"${Image}","_image_name":"busybox","_l.1":"x","_tag":"t"}`
    );
  };
  const whole = (text: string, level: number, rest: string) =>
    new RegExp(
      `^${RegExp.escape(`{"version":"1.1","host":"${hostname()}","short_message":"${text}","timestamp":`)}` +
        `\\d{10}(\\.\\d{1,3})?${RegExp.escape(`,"level":${level},${rest}`)}$`,
    );

  test.each(["gzip", "zlib", "none"])("by UDP, %s", async (packing) => {
    await using receiver = new GelfReceiver();
    await receiver.start();
    const options = { "gelf-address": `udp://127.0.0.1:${receiver.port}`, "gelf-compression-type": packing, tag: "t" };
    const id = await started("gelf", options, command);
    await until("three messages", () => receiver.messages.length === 3);
    expect(receiver.messages.every((message) => message.packing === packing)).toBe(true);
    const texts = receiver.messages.map(({ text }) => text);
    const rest = await fields(id);
    expect(texts[0]).toMatch(whole("one", 6, rest));
    expect(texts[1]).toMatch(whole("two \\u003c\\u0026\\u003e", 3, rest));
    expect(texts[2]).toMatch(whole("three", 6, rest));
    expect(await daemon.docker("logs", id)).toMatchObject({ stdout: "one\n\nthree", stderr: "two <&>\n" });
  });

  test("by UDP, in chunks", async () => {
    await using receiver = new GelfReceiver();
    await receiver.start();
    const options = { "gelf-address": `udp://127.0.0.1:${receiver.port}`, "gelf-compression-type": "none" };
    await started("gelf", options, "head -c 16000 /dev/zero | tr '\\0' x; echo");
    await until("a message", () => receiver.messages.length === 1);
    expect(receiver.messages[0]?.chunks).toBe(12);
    expect(JSON.parse(receiver.messages[0]?.text ?? "").short_message).toBe("x".repeat(16_000));
  });

  test("by TCP, each with a zero at its end", async () => {
    await using sink = await Sink.start();
    const id = await started("gelf", { "gelf-address": `tcp://127.0.0.1:${sink.port}`, tag: "t" }, command);
    await until("three messages", () => sink.text.split("\0").length === 4);
    expect(sink.text.split("\0")[0]).toMatch(whole("one", 6, await fields(id)));
    expect(sink.text.split("\0")[3]).toBe("");
  });

  test("nobody there", async () => {
    const port = freePort();
    expect((await run("gelf", { "gelf-address": `tcp://127.0.0.1:${port}` }, command)).stderr).toContain(
      `failed to initialize logging driver: gelf: cannot connect to GELF endpoint: 127.0.0.1:${port} ` +
        `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });
});

describe("fluentd", () => {
  test("records, partial ones too", async () => {
    await using receiver = new ForwardReceiver();
    await receiver.start();
    const options = { "fluentd-address": `127.0.0.1:${receiver.port}`, tag: "a.{{.Name}}" };
    const id = await started(
      "fluentd",
      options,
      "--name=flu",
      `${command}; head -c 17000 /dev/zero | tr '\\0' x; echo`,
    );
    await until("five messages", () => receiver.messages.length === 5);
    const always = { container_id: id, container_name: "/flu", "l.1": "x", A: "1" };
    expect(receiver.messages.map(({ tag, option }) => [tag, option])).toEqual(Array(5).fill(["a.flu", {}]));
    const records = receiver.messages.map(({ record }) => record);
    expect(records[0]).toEqual({ ...always, source: "stdout", log: "one" });
    expect(records[1]).toEqual({ ...always, source: "stdout", log: "" });
    expect(records[2]).toEqual({ ...always, source: "stderr", log: "two <&>" });
    const partial_id = records[3]?.["partial_id"] ?? "";
    expect(partial_id).toMatch(/^[0-9a-f]{64}$/);
    const piece = { ...always, source: "stdout", partial_message: "true", partial_id };
    const [first, second] = [`three${"x".repeat(16_384 - 5)}`, "x".repeat(621)];
    expect(records[3]).toEqual({ ...piece, log: first, partial_ordinal: "1", partial_last: "false" });
    expect(records[4]).toEqual({ ...piece, log: second, partial_ordinal: "2", partial_last: "true" });
    expect(Math.abs(Number(receiver.messages[0]?.time) - Date.now() / 1000)).toBeLessThan(60);
  });

  test("a line that was never ended, and times with nanoseconds", async () => {
    await using receiver = new ForwardReceiver();
    await receiver.start();
    const options = { "fluentd-address": `tcp://127.0.0.1:${receiver.port}`, "fluentd-sub-second-precision": "true" };
    const id = await started("fluentd", options, "printf end");
    await until("a message", () => receiver.messages.length === 1);
    const [message] = receiver.messages;
    expect(message?.tag).toBe(id.slice(0, 12));
    expect(message?.record).toMatchObject({ log: "end", partial_ordinal: "1", partial_last: "false" });
    expect(message?.time).toEqual({ seconds: expect.any(Number), nanoseconds: expect.any(Number) });
  });

  test("what is not acknowledged comes again; the receiver need not be there at the start", async () => {
    await using receiver = new ForwardReceiver();
    receiver.acknowledges = false;
    const options = {
      "fluentd-address": `127.0.0.1:${receiver.port}`,
      "fluentd-async": "true",
      "fluentd-request-ack": "true",
      "fluentd-retry-wait": "100ms",
    };
    const id = await started("fluentd", options, "echo one; echo two");
    await receiver.start();
    await until("two messages", () => receiver.messages.length === 2);
    await receiver.stop();
    receiver.acknowledges = true;
    await receiver.start();
    await until("them again", () => receiver.messages.length === 4);
    expect(receiver.messages.map(({ record }) => record["log"])).toEqual(["one", "two", "one", "two"]);
    expect(new Set(receiver.messages.map(({ option }) => option.chunk)).size).toBe(4);
    await daemon.ok("rm", id);
    expect(receiver.messages.length).toBe(4);
  });
});

describe("splunk", () => {
  interface Asked {
    method: string;
    headers: Headers;
    body: string;
  }
  function collector(answer: (asked: Asked) => Response = () => new Response('{"text":"Success","code":0}')) {
    const asked: Asked[] = [];
    const server = Bun.serve({
      port: freePort(),
      hostname: "127.0.0.1",
      async fetch(request) {
        expect(new URL(request.url).pathname).toBe("/services/collector/event/1.0");
        const bytes = Buffer.from(await request.arrayBuffer());
        const body = (request.headers.get("content-encoding") === "gzip" ? gunzipSync(bytes) : bytes).toString();
        const one = { method: request.method, headers: request.headers, body };
        asked.push(one);
        return answer(one);
      },
    });
    return { asked, url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
  }
  const posts = (asked: Asked[]) => asked.filter(({ method }) => method === "POST");
  const bodies = (asked: Asked[]) =>
    posts(asked)
      .map(({ body }) => body)
      .join("");

  test("verifies, then posts events", async () => {
    await using receiver = collector();
    const options = {
      "splunk-url": receiver.url,
      "splunk-token": "secret",
      "splunk-source": "src",
      "splunk-sourcetype": "kind",
      "splunk-index": "main",
      "splunk-gzip": "true",
      "splunk-index-acknowledgment": "true",
      tag: "t",
    };
    await started("splunk", options, command);
    await until("four events", () => bodies(receiver.asked).split('{"event":').length === 5);
    expect(receiver.asked[0]?.method).toBe("OPTIONS");
    expect(receiver.asked[0]?.headers.get("authorization")).toBeNull();
    const [first] = posts(receiver.asked);
    expect(first?.headers.get("authorization")).toBe("Splunk secret");
    expect(first?.headers.get("content-encoding")).toBe("gzip");
    expect(first?.headers.get("x-splunk-request-channel")).toMatch(/^[0-9a-f-]{36}$/);
    const event = (line: string, source: string) =>
      `\\{"event":\\{"line":"${line}","source":"${source}","tag":"t","attrs":\\{"A":"1","l\\.1":"x"\\}\\},` +
      `"time":"\\d{10}\\.\\d{6}","host":"${hostname()}","source":"src","sourcetype":"kind","index":"main"\\}`;
    const all = [event("one", "stdout"), event("", "stdout"), event("two \\\\u003c\\\\u0026\\\\u003e", "stderr")];
    expect(bodies(receiver.asked)).toMatch(new RegExp(`^${all.join("")}${event("three", "stdout")}$`));
  });

  test.each([
    ["json", `echo '{"a": 1.0, "b" : "x y"}'; echo no`, ['{"line":{"a":1.0,"b":"x y"},', '{"line":"no",']],
    ["raw", "echo one; echo", ['"t A=1 l.1=x one"']],
  ] as const)("in the format %p", async (format, said, events) => {
    await using receiver = collector();
    const options = { "splunk-url": receiver.url, "splunk-token": "x", "splunk-format": format, tag: "t" };
    await started("splunk", options, said);
    await until("the events", () => bodies(receiver.asked).split('{"event":').length === events.length + 1);
    for (const event of events) expect(bodies(receiver.asked)).toContain(`{"event":${event}`);
  });

  test("one that does not want: the start fails; later the lines wait, and what is bad is given up", async () => {
    let status = 503;
    await using receiver = collector(
      ({ body }) => new Response("not now", { status: body.includes("bad") ? 400 : status }),
    );
    const options = { "splunk-url": receiver.url, "splunk-token": "x" };
    expect((await run("splunk", options, "true")).stderr).toContain(
      "failed to initialize logging driver: splunk: failed to verify connection - 503 Service Unavailable - not now",
    );
    const id = await started(
      "splunk",
      { ...options, "splunk-verify-connection": "false" },
      "echo bad; sleep 0.5; echo good",
    );
    await until("a refusal", () => daemon.log().includes("lines of a container's log were refused"));
    await until("tries", () => posts(receiver.asked).filter(({ body }) => body.includes("good")).length > 1);
    status = 200;
    await until("its end", async () => (await daemon.ok("inspect", "-f", "{{.State.Status}}", id)) === "exited");
    await daemon.ok("rm", id);
    expect(posts(receiver.asked).at(-1)?.body).toContain("good");
  });

  test.each([
    [{}, "splunk: splunk-url is expected"],
    [{ "splunk-url": "127.0.0.1:1" }, "splunk: expected format scheme://dns_name_or_ip:port for splunk-url"],
    [{ "splunk-url": "http://a/b" }, "splunk: expected format scheme://dns_name_or_ip:port for splunk-url"],
    [{ "splunk-url": "http://a" }, "splunk: splunk-token is expected"],
    [{ "splunk-url": "http://127.0.0.1:1", "splunk-token": "x", "splunk-format": "q" }, "unknown format specified q"],
    [
      { "splunk-url": "http://127.0.0.1:1", "splunk-token": "x", "splunk-gzip": "1", "splunk-gzip-level": "20" },
      "not supported level '20' for splunk-gzip-level (supported values between -1 and 9)",
    ],
    [
      { "splunk-url": "http://127.0.0.1:1", "splunk-token": "x" },
      'Options "http://127.0.0.1:1/services/collector/event/1.0": dial tcp 127.0.0.1:1: connect: connection refused',
    ],
  ] as [Record<string, string>, string][])("%p is refused at the start", async (options, words) => {
    const { stderr, exitCode } = await run("splunk", options, "true");
    expect(stderr).toContain(`failed to create task for container: failed to initialize logging driver: ${words}`);
    expect(exitCode).toBe(125);
  });
});
