/**
 * What goes wrong outside of the engine is told in the words that Docker's users know, never in those of the JavaScript
 * runtime.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { berthBinary, Daemon, sh } from "../harness.ts";
import { type Faulty, faulty, guarded, registry, reply, saying, selfSigned } from "./faulty-servers.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** Words that only who programs in JavaScript knows: codes, class names, hints, sentences of Bun and Node. */
const runtimes = new RegExp(
  [
    /\b(E[A-Z]{5,}|ENOENT)\b|getaddrinfo|typo in the url|Is the computer able|verbose: true|JSON Parse error/,
    /Unable to (connect|parse)|closed unexpectedly|fetching "|Malformed_|is invalid\.|end of file/,
    /Invalid URL|undefined/,
    /\b[A-Z][a-z]+(Error|Redirects|HTTPResponse|ContentLength|Protocol|URLInvalid)\b/,
  ]
    .map(({ source }) => source)
    .join("|"),
);

function plain(text: string, wanted: string | RegExp): void {
  expect(text).not.toMatch(runtimes);
  if (typeof wanted === "string") expect(text).toContain(wanted);
  else expect(text).toMatch(wanted);
}

/** The message of an answer, or the error in its stream. */
const told = (text: string): string => {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { message?: string; error?: string });
  return (
    lines.map(({ message, error }) => message ?? error).findLast((each) => each !== undefined) ?? `no error: ${text}`
  );
};

const post = async (path: string, body?: Uint8Array | string, headers: Record<string, string> = {}) =>
  told(
    await (
      await fetch(`http://d${path}`, {
        unix: daemon.socket,
        method: "POST",
        headers,
        ...(body !== undefined && { body }),
      })
    ).text(),
  );

const truncatedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc";
const gzipped = (body: Uint8Array) => (socket: { end(data: Uint8Array): void }) =>
  socket.end(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`),
      body,
    ]),
  );

/**
 * What a server does; by which scheme it is asked; what is told of it, `URL` standing for what was asked and `PLACE`
 * for where.
 */
const servers: [what: string, server: () => Promise<Faulty>, scheme: string, words: string][] = [
  [
    "refuses",
    async () => ({ port: 1, async [Symbol.asyncDispose]() {} }),
    "http",
    'Get "URL": dial tcp PLACE: connect: connection refused',
  ],
  [
    "speaks no TLS",
    () => saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "https",
    'Get "URL": http: server gave HTTP response to HTTPS client',
  ],
  ["speaks TLS", selfSigned, "http", 'Get "URL": connection reset by peer'],
  [
    "has a certificate of nobody's",
    selfSigned,
    "https",
    'Get "URL": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  ["resets", () => faulty((socket) => socket.resetAndDestroy()), "http", 'Get "URL": connection reset by peer'],
  ["hangs up", () => faulty((socket) => socket.destroy()), "http", 'Get "URL": connection reset by peer'],
  [
    "breaks off amid its headers",
    () => saying("HTTP/1.1 200 OK\r\nConte"),
    "http",
    'Get "URL": connection reset by peer',
  ],
  [
    "resets amid its body",
    () => faulty((socket) => socket.write(truncatedHead, () => socket.resetAndDestroy())),
    "http",
    "unexpected EOF|connection reset by peer",
  ],
  ["breaks off amid its body", () => saying(truncatedHead), "http", "unexpected EOF"],
  [
    "breaks off amid a chunk",
    () => saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
    "http",
    "unexpected EOF",
  ],
  [
    "speaks another protocol",
    () => saying("SSH-2.0-OpenSSH\r\n"),
    "http",
    'Get "URL": net/http: HTTP/1.x transport connection broken: malformed HTTP response',
  ],
  [
    "has a length that is none",
    () => saying("HTTP/1.1 200 OK\r\nContent-Length: zz\r\n\r\nabc"),
    "http",
    'Get "URL": net/http: HTTP/1.x transport connection broken: bad Content-Length',
  ],
  [
    "sends half of a compressed file",
    () => faulty(gzipped(gzipSync(Buffer.alloc(100_000, "abcdefg")).subarray(0, 60))),
    "http",
    "unexpected EOF",
  ],
  ["sends noise as compressed", () => faulty(gzipped(Buffer.from("noise"))), "http", "unexpected EOF"],
  [
    "redirects for ever",
    () => saying("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "http",
    'Get "URL": stopped after too many redirects',
  ],
  [
    "redirects to nowhere",
    () => saying("HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"),
    "http",
    'Get "URL": failed to parse Location header',
  ],
];

describe.each(servers)("a server that %s", (_, start, scheme, words) => {
  let server: Faulty;
  let url: string;
  let wanted: RegExp;
  beforeAll(async () => {
    server = await start();
    url = `${scheme}://127.0.0.1:${server.port}/f.txt`;
    wanted = new RegExp(
      words
        .replace("URL", url)
        .replace("PLACE", `127.0.0.1:${server.port}`)
        .replace(/[.?[\]]/g, "\\$&"),
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test("an import of its URL", async () =>
    plain(await post(`/images/create?${new URLSearchParams({ fromSrc: url, repo: "x" })}`), wanted));
  test("ADD of its URL", async () => {
    const context = join(daemon.root, "context");
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, "Dockerfile"), `FROM scratch\nADD ${url} /\n`);
    const built = await daemon.berth("build", context);
    expect(built.exitCode).not.toBe(0);
    plain(built.stderr, wanted);
    expect(built.stderr).toContain("failed to load cache key: ");
  });
  test("a client of it", async () => {
    if (scheme === "https") return;
    const { stderr, exitCode } = await sh([berthBinary, "ps"], {
      env: { DOCKER_HOST: `tcp://127.0.0.1:${server.port}` },
    });
    expect(exitCode).not.toBe(0);
    const broken = 'net/http: HTTP/1.x transport connection broken: (malformed HTTP response|bad Content-Length) ".*"';
    const told = `error during connect: Head "http://127.0.0.1:\\d+/_ping": (EOF|${broken})`;
    const others = "unexpected EOF|connection reset by peer|invalid character|^EOF$";
    plain(stderr, new RegExp(`Cannot connect to the Berth daemon at tcp:|^${told}$|${others}`, "m"));
  });
});

test("names that nobody knows", async () => {
  plain(
    await post("/images/create?fromSrc=http://no.invalid/f&repo=x"),
    'Get "http://no.invalid/f": dial tcp: lookup no.invalid: no such host',
  );
  plain(
    await post("/images/create?fromImage=no.invalid/x&tag=1"),
    'Get "https://no.invalid/v2/": dial tcp: lookup no.invalid: no such host',
  );
  const client = await sh([berthBinary, "ps"], { env: { DOCKER_HOST: "tcp://no.invalid:2375" } });
  plain(
    client.stderr,
    /^error during connect: Head "http:\/\/no.invalid:2375\/_ping": dial tcp: lookup no.invalid: no such host$/m,
  );
  plain(
    (await daemon.berth("manifest", "inspect", "no.invalid/x")).stderr,
    "dial tcp: lookup no.invalid: no such host",
  );
});

describe("a registry", () => {
  test.each<[string, () => Promise<Faulty>, string | RegExp, string | RegExp]>([
    [
      "that answers with a page",
      () => registry(reply("<html>", "text/html")),
      "error unmarshalling content: invalid character '<' looking for beginning of value",
      "invalid character '<' looking for beginning of value",
    ],
    [
      "whose manifest is cut",
      () => registry(reply('{"schemaVersion":2,', "application/json")),
      "error unmarshalling content: unexpected end of JSON input",
      "unexpected end of JSON input",
    ],
    ["that breaks off", () => registry(truncatedHead), "unexpected EOF", "unexpected EOF"],
    [
      "whose realm refuses",
      () => guarded("http://127.0.0.1:1/token"),
      /": Get "http:\/\/127.0.0.1:1\/token\?.*": dial tcp 127.0.0.1:1: connect: connection refused$/,
      "dial tcp 127.0.0.1:1: connect: connection refused",
    ],
    [
      "whose realm is unknown",
      () => guarded("http://no.invalid/token"),
      "dial tcp: lookup no.invalid: no such host",
      "dial tcp: lookup no.invalid: no such host",
    ],
    [
      "whose realm talks noise",
      () => guarded(null, reply("<x>")),
      "unable to decode token response: invalid character '<' looking for beginning of value",
      "unable to decode token response: invalid character '<'",
    ],
    [
      "whose realm gives nothing",
      () => guarded(null, reply("{}")),
      "authorization server did not include a token in the response",
      "authorization server did not include a token in the response",
    ],
    [
      "that redirects for ever",
      () => saying("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
      "stopped after 10 redirects",
      "stopped after too many redirects",
    ],
    [
      "that redirects to nowhere",
      () => saying("HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"),
      'failed to parse Location header "http://["',
      "failed to parse Location header",
    ],
  ])("%s", async (_, start, pulled, inspected) => {
    await using server = await start();
    const place = `127.0.0.1:${server.port}/x`;
    const pull = post(`/images/create?fromImage=${place}&tag=1`);
    const inspect = daemon.berth("manifest", "inspect", "--insecure", `${place}:1`);
    plain(await pull, pulled);
    plain((await inspect).stderr, inspected);
  });
});

describe("archives", () => {
  const tar = async () =>
    Buffer.from(await new Bun.Archive({ f: crypto.getRandomValues(new Uint8Array(60_000)) }).bytes());
  test.each<[string, (whole: Buffer) => Uint8Array, string]>([
    ["that end early", (whole) => whole.subarray(0, 20_000), "unexpected EOF"],
    ["that end early, by gzip", (whole) => gzipSync(whole).subarray(0, 20_000), "unexpected EOF"],
    ["that end early, by zstd", (whole) => Bun.zstdCompressSync(whole).subarray(0, 20_000), "unexpected EOF"],
    [
      "with a wrong sum",
      (whole) => {
        const packed = gzipSync(whole);
        packed.writeUInt8(packed.readUInt8(packed.length - 6) ^ 1, packed.length - 6);
        return packed;
      },
      "gzip: invalid checksum",
    ],
    ["of noise in gzip's name", () => Buffer.from("\x1f\x8bnoise", "latin1"), "gzip: invalid header"],
  ])("%s", async (_, broken, words) => {
    const archive = broken(await tar());
    const type = { "content-type": "application/x-tar" };
    const id = await daemon.ok("create", "busybox", "true");
    plain(await post("/images/create?fromSrc=-&repo=x", archive), words);
    plain(await post("/images/load", archive, type), words);
    plain(await post("/build", archive, type), words);
    const put = await fetch(`http://d/containers/${id}/archive?path=/tmp`, {
      unix: daemon.socket,
      method: "PUT",
      body: archive,
    });
    plain(told(await put.text()), words);
    await daemon.ok("rm", id);
  });
});

describe("files of the command line", () => {
  const berth = async (config: string, ...args: string[]) =>
    (await sh([berthBinary, "--config", config, ...args], { env: { DOCKER_HOST: daemon.host } })).stderr;
  const directory = (): string => {
    const path = join(daemon.root, `config-${crypto.randomUUID()}`);
    mkdirSync(path);
    return path;
  };
  test.each([
    ["{", "unexpected EOF"],
    ["noise", "invalid character 'o' in literal null (expecting 'u')"],
    ['{"a":"\x01"}', "invalid character '\\x01' in string literal"],
  ])("a configuration of %j", async (text, words) => {
    const config = directory();
    writeFileSync(join(config, "config.json"), text);
    plain(
      await berth(config, "pull", "127.0.0.1:1/x"),
      `Error parsing config file (${join(config, "config.json")}): ${words}`,
    );
  });
  test("an empty configuration is none", async () => {
    const config = directory();
    writeFileSync(join(config, "config.json"), "");
    expect(await berth(config, "ps")).toBe("");
  });
  test("a broken context", async () => {
    const config = directory();
    const meta = join(config, "contexts/meta", new Bun.CryptoHasher("sha256").update("bad").digest("hex"));
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(meta, "meta.json"), "{");
    const words = `parsing ${join(meta, "meta.json")}: unexpected end of JSON input`;
    plain(await berth(config, "context", "inspect", "bad"), `context "bad": ${words}`);
    plain(await berth(config, "context", "ls"), `failed to read metadata: ${words}`);
    plain(
      (await sh([berthBinary, "--config", config, "--context", "bad", "ps"])).stderr,
      `Failed to initialize: unable to resolve docker endpoint: context "bad": ${words}`,
    );
  });
  test("broken archives of contexts", async () => {
    const config = directory();
    const zip = join(config, "c.zip");
    writeFileSync(
      zip,
      Buffer.concat([Buffer.from("PK\x03\x04noise"), Buffer.from("PK\x05\x06"), Buffer.alloc(18, 255)]),
    );
    plain(await berth(config, "context", "import", "cc", zip), "zip: not a valid zip file");
    writeFileSync(join(config, "c.tar"), await new Bun.Archive({ "meta.json": "{" }).bytes());
    plain(await berth(config, "context", "import", "cc", join(config, "c.tar")), "unexpected end of JSON input");
  });
});
