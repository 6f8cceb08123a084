/**
 * What a registry answers, and what the engine makes of it: the code in the body counts for more than the status beside
 * it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ images: [] });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** A registry that is there, and answers all that is asked of it below `/v2/` and `/v1/` by `answer`. */
function registry(answer: (request: Request) => Response): { host: string; asked: string[]; [Symbol.dispose](): void } {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      return pathname === "/v1/_ping" ? new Response("true") : answer(request);
    },
  });
  return { host: `127.0.0.1:${server.port}`, asked, [Symbol.dispose]: () => void server.stop(true) };
}

const errors = (status: number, code: string, message = "the words", more: object = {}) =>
  Response.json({ errors: [{ code, message }] }, { status, ...more });
const inspect = async (host: string) => {
  const { status, json } = await daemon.api("GET", `/distribution/${host}/x:1/json`);
  return [status, json.message];
};
const pull = async (host: string) => {
  const { status, json } = await daemon.api("POST", `/images/create?fromImage=${host}/x&tag=1`);
  return [status, json.message?.replaceAll(host, "HOST")];
};

const byCode: [status: number, code: string, kind: number, told: string, pulled?: [number, string]][] = [
  [400, "NAME_INVALID", 400, "name invalid: the words"],
  [
    400,
    "DENIED",
    403,
    "denied: the words",
    [404, "pull access denied for HOST/x, repository does not exist or may require 'docker login': denied: the words"],
  ],
  [401, "UNAUTHORIZED", 401, "unauthorized: the words"],
  [403, "UNAUTHORIZED", 401, "unauthorized: the words"],
  [
    404,
    "MANIFEST_UNKNOWN",
    404,
    "manifest unknown: the words",
    [404, "manifest for HOST/x:1 not found: manifest unknown: the words"],
  ],
  [404, "NAME_UNKNOWN", 404, "name unknown: the words", [404, "repository HOST/x not found: name unknown: the words"]],
  [404, "UNAVAILABLE", 503, "unavailable: the words"],
  [404, "NOT_FOUND", 500, "unknown: the words"],
  [405, "UNSUPPORTED", 405, "unsupported: the words"],
  [409, "CONFLICT", 500, "unknown: the words"],
  [400, "TOOMANYREQUESTS", 429, "toomanyrequests: the words"],
];

test("the code decides, whatever the status", async () => {
  for (const [status, code, kind, told, pulled] of byCode) {
    using place = registry(() => errors(status, code));
    expect([status, code, ...(await inspect(place.host))]).toEqual([status, code, kind, told]);
    expect([status, code, ...(await pull(place.host))]).toEqual([status, code, ...(pulled ?? [kind, told])]);
  }
});

test("where no code is told the status says which", async () => {
  const cases: [status: number, body: string, kind: number, told: string][] = [
    [400, "the words", 500, "unknown: the words"],
    [404, "<html>", 500, "unknown: <html>"],
    [401, "the words", 401, "unauthorized: the words"],
    [403, "the words", 403, "denied: the words"],
    [404, '{"details":"the words"}', 500, "unknown: the words"],
    [403, '{"details":"the words"}', 403, "denied: the words"],
    [
      404,
      '{"message":"m"}',
      500,
      "error parsing HTTP 404 response body: no error details found in HTTP response body: " +
        String.raw`"{\"message\":\"m\"}"`,
    ],
    [404, '{"errors":[{"code":"NAME_UNKNOWN"}]}', 404, "name unknown"],
    [
      404,
      '{"errors":[{"code":"NAME_UNKNOWN","message":"a"},{"code":"DENIED","message":"b"}]}',
      404,
      "errors:\nname unknown: a\ndenied: b\n",
    ],
  ];
  for (const [status, body, kind, told] of cases) {
    using place = registry(() => new Response(body, { status }));
    expect([body, ...(await inspect(place.host))]).toEqual([body, kind, told]);
  }
});

test("a registry that fails is a failure of 500, one that is asked too often 429", async () => {
  const soon = { headers: { "retry-after": "0" } };
  for (const status of [500, 502, 503]) {
    using place = registry(() => errors(status, "DENIED", "", soon));
    for (const [kind, told] of [await inspect(place.host), await pull(place.host)]) {
      expect([kind, told]).toEqual([
        500,
        expect.stringMatching(new RegExp(`^received unexpected HTTP status: ${status} `)),
      ]);
    }
  }
  using place = registry(() => errors(429, "TOOMANYREQUESTS", "the words", soon));
  for (const [kind, told] of [await inspect(place.host), await pull(place.host)]) {
    expect([kind, told]).toEqual([429, expect.stringMatching(/^toomanyrequests: the words \(.*\)$/)]);
  }
});

test("what a token service says was in the way of what was asked", async () => {
  for (const [status, code, kind, told] of [
    [401, "UNAUTHORIZED", 401, "unauthorized"],
    [403, "DENIED", 403, "denied"],
    [400, "NAME_INVALID", 400, "name invalid"],
    [418, "FOO", 500, "unknown"],
  ] as const) {
    using place: { host: string } & Disposable = registry(({ url }) =>
      url.includes("/token")
        ? errors(status, code)
        : new Response("", {
            status: 401,
            headers: { "www-authenticate": `Bearer realm="http://${place.host}/token",service="s"` },
          }),
    );
    const about = `Get "http://${place.host}/v2/x/manifests/1": ${told}: the words`;
    expect(await inspect(place.host)).toEqual([kind, about]);
    expect(await pull(place.host)).toEqual([kind, about.replace(place.host, "HOST")]);
    const login = await daemon.api("POST", "/auth", { serveraddress: place.host, username: "a", password: "b" });
    expect([login.status, login.json.message]).toEqual([kind, `Get "http://${place.host}/v2/": ${told}: the words`]);
  }
  using vague = registry(
    () => new Response("", { status: 401, headers: { "www-authenticate": 'Bearer service="s"' } }),
  );
  expect(await inspect(vague.host)).toEqual([
    500,
    `Get "http://${vague.host}/v2/x/manifests/1": no realm specified for token auth challenge`,
  ]);
});

test("a login that is refused, and a registry that asks for one", async () => {
  const challenge = { headers: { "www-authenticate": 'Basic realm="x"' } };
  for (const status of [400, 401, 403, 404, 429, 500, 503]) {
    using place = registry(() => errors(status, "DENIED", "", status === 401 ? challenge : {}));
    const login = await daemon.api("POST", "/auth", { serveraddress: place.host, username: "a", password: "b" });
    expect([login.status, login.json.message]).toEqual([
      500,
      expect.stringMatching(new RegExp(`^login attempt to http://${place.host}/v2/ failed with status: ${status} `)),
    ]);
  }
  using closed = registry(() => errors(401, "UNAUTHORIZED", "", challenge));
  expect(await inspect(closed.host)).toEqual([
    500,
    `Get "http://${closed.host}/v2/x/manifests/1": no basic auth credentials`,
  ]);
});

test("a search tells the status only, and nobody there is a wrong name", async () => {
  const search = async (term: string, auth = "") => {
    const response = await fetch(`http://d/images/search?term=${term}`, {
      unix: daemon.socket,
      headers: auth ? { "x-registry-auth": auth } : {},
    });
    const answer = (await response.json()) as unknown;
    return [
      response.status,
      typeof answer === "object" && answer !== null && "message" in answer ? answer.message : answer,
    ];
  };
  for (const status of [201, 400, 401, 403, 404, 429, 500, 503]) {
    using place = registry(() => errors(status, "DENIED"));
    expect(await search(`${place.host}/x`)).toEqual([500, `Unexpected status code ${status}`]);
  }
  // Whoever logs in for a search where nobody can log in searches as everybody.
  using place = registry(({ url }) => (url.includes("/v1/") ? Response.json({ results: [] }) : errors(403, "DENIED")));
  expect(await search(`${place.host}/x`, btoa(JSON.stringify({ username: "a", password: "b" })))).toEqual([200, []]);
  const refused = (scheme: string) =>
    `Get "${scheme}://127.0.0.1:1/v1/_ping": dial tcp 127.0.0.1:1: connect: connection refused`;
  expect(await search("127.0.0.1:1/x")).toEqual([
    400,
    `invalid registry endpoint "http://127.0.0.1:1/v1/". HTTPS attempt: ${refused("https")}. HTTP attempt: ` +
      `${refused("http")}`,
  ]);
  expect(await search("nobody.invalid/x")).toEqual([
    400,
    expect.stringMatching(
      new RegExp(
        "^invalid registry endpoint https://nobody.invalid/v1/: Get " +
          '".*please add `--insecure-registry nobody.invalid` ',
      ),
    ),
  ]);
  expect(await search("https://a/x")).toEqual([
    400,
    "invalid repository name: repository name (https://a/x) should not have a scheme",
  ]);
});

test("a manifest is described without its configuration too", async () => {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    layers: [],
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"0".repeat(64)}`, size: 2 },
  });
  using place = registry(({ url }) =>
    url.includes("/manifests/") ? new Response(manifest) : errors(404, "BLOB_UNKNOWN"),
  );
  const { status, json } = await daemon.api("GET", `/distribution/${place.host}/x:1/json`);
  expect([status, json.Descriptor?.size, json.Platforms]).toEqual([200, manifest.length, null]);
});
