import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../oci/digest.ts";
import { RegistryClient } from "./client.ts";
import { pushBlob } from "./push-blob.ts";

// Tens of megabytes and pauses before tries again, on machines with other things to do.
setDefaultTimeout(60_000);
const mebibyte = 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), "berth-upload-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const content = Buffer.alloc(40 * mebibyte, "some of a layer, again and again. ");
const file = join(root, "blob");
writeFileSync(file, content);
const large = { digest: digestOf(content), size: content.length, file: Bun.file(file) };

/**
 * What a PATCH or PUT meets before anything of it is kept: an answer, or how many bytes arrive before the connection
 * breaks.
 */
type Rule = (request: {
  method: string;
  range: string | null;
  length: number;
  have: number;
  count: number;
}) => Response | { cutAfter: number } | undefined;

interface Behaviour {
  rule?: Rule;
  /** Of the answer to POST. */
  begins?: Record<string, string>;
  /** What GET of an upload says: `204` with its range where it is absent. */
  status?: () => Response;
}

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

/**
 * A registry that has one repository and behaves as it is told. `calls`: each PATCH and PUT with its range and length.
 */
async function against<T>(
  behaviour: Behaviour,
  work: (client: RegistryClient, seen: { calls: string[]; begun: number; stored: Map<string, number> }) => Promise<T>,
): Promise<T> {
  const uploads = new Map<string, Buffer>();
  const seen = { calls: [] as string[], begun: 0, stored: new Map<string, number>() };
  const counts = new Map<string, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    maxRequestBodySize: 1024 * mebibyte,
    async fetch(request) {
      const url = new URL(request.url);
      const id = url.pathname.split("/uploads/")[1] ?? "";
      if (request.method === "HEAD") return answer(404);
      if (request.method === "POST") {
        const fresh = `u${++seen.begun}`;
        uploads.set(fresh, Buffer.alloc(0));
        return answer(202, { location: `/v2/a/blobs/uploads/${fresh}`, ...behaviour.begins });
      }
      const have = uploads.get(id);
      if (!have) return answer(404);
      const location = { location: `/v2/a/blobs/uploads/${id}`, range: `0-${Math.max(0, have.length - 1)}` };
      if (request.method === "DELETE") return uploads.delete(id) ? answer(204) : answer(404);
      if (request.method === "GET") return behaviour.status?.() ?? answer(204, location);
      const range = request.headers.get("content-range");
      const length = Number(request.headers.get("content-length") ?? -1);
      const count = (counts.get(request.method) ?? 0) + 1;
      counts.set(request.method, count);
      seen.calls.push(`${request.method} ${range ?? "-"} ${length}`);
      const ruled = behaviour.rule?.({ method: request.method, range, length, have: have.length, count });
      if (ruled instanceof Response) return ruled;
      const came = Buffer.from(await request.arrayBuffer());
      if (ruled) {
        uploads.set(id, Buffer.concat([have, came.subarray(0, ruled.cutAfter)]));
        return answer(503, { "retry-after": "0" });
      }
      const now = Buffer.concat([have, came]);
      uploads.set(id, now);
      if (request.method === "PATCH") return answer(202, { ...location, range: `0-${now.length - 1}` });
      const digest = url.searchParams.get("digest") ?? "";
      if (digestOf(now) !== digest)
        return Response.json({ errors: [{ code: "DIGEST_INVALID", message: "not what was said" }] }, { status: 400 });
      seen.stored.set(digest, now.length);
      uploads.delete(id);
      return answer(201);
    },
  });
  try {
    const result = await work(
      new RegistryClient({ url: `http://127.0.0.1:${server.port}`, domain: "x", mirror: false, prefix: "" }),
      seen,
    );
    expect([...uploads.keys()]).toEqual([]);
    return result;
  } finally {
    await server.stop(true);
  }
}

/** Pushes the large blob and returns the calls that carried content. */
const push = (behaviour: Behaviour, source = large) =>
  against(behaviour, async (client, seen) => {
    expect(await pushBlob(client, "a", source)).toBe("pushed");
    expect(seen.stored).toEqual(new Map([[source.digest, source.size]]));
    return seen.calls;
  });

const whole = `PATCH - ${large.size}`;
const end = "PUT - 0";

test("a large blob goes as one stream without a range, and a call that ends it", async () => {
  expect(await push({})).toEqual([whole, end]);
});

test("a small one, and one of nothing, goes with the call that ends the upload", async () => {
  for (const size of [0, 1000]) {
    const path = join(root, `small-${size}`);
    writeFileSync(path, Buffer.alloc(size, "x"));
    expect(await push({}, { digest: digestOf(Buffer.alloc(size, "x")), size, file: Bun.file(path) })).toEqual([
      `PUT - ${size}`,
    ]);
  }
});

test("registries that refuse ranges, or take the first request only, get what they take", async () => {
  expect(await push({ rule: ({ range }) => (range ? answer(416) : undefined) })).toEqual([whole, end]);
  expect(
    await push({ rule: ({ method, have }) => (method === "PATCH" && have > 0 ? answer(416) : undefined) }),
  ).toEqual([whole, end]);
});

test("one that knows no PATCH gets everything with the end", async () => {
  for (const status of [404, 405, 501]) {
    expect(await push({ rule: ({ method }) => (method === "PATCH" ? answer(status) : undefined) })).toEqual([
      whole,
      `PUT - ${large.size}`,
    ]);
  }
});

test("one that knows no content with the end gets a small blob by PATCH", async () => {
  const path = join(root, "little");
  writeFileSync(path, "little");
  const rule: Rule = ({ method, length }) => (method === "PUT" && length > 0 ? answer(400) : undefined);
  expect(await push({ rule }, { digest: digestOf("little"), size: 6, file: Bun.file(path) })).toEqual([
    "PUT - 6",
    "PATCH - 6",
    end,
  ]);
});

test("a least size of parts is kept to; parts that are refused after all are no end", async () => {
  const least = 18 * mebibyte;
  const begins = { "oci-chunk-min-length": String(least) };
  const rule: Rule = ({ method, length, have }) =>
    method === "PATCH" && length < least && have + length < large.size ? answer(416) : undefined;
  const last = large.size - 2 * least;
  expect(await push({ begins, rule })).toEqual([
    `PATCH 0-${least - 1} ${least}`,
    `PATCH ${least}-${2 * least - 1} ${least}`,
    `PATCH ${2 * least}-${large.size - 1} ${last}`,
    end,
  ]);
  expect(
    (await push({ begins, rule: ({ range, have }) => (range && have > 0 ? answer(416) : undefined) })).slice(-2),
  ).toEqual([whole, end]);
});

test("where a proxy takes no large requests, the content goes in parts", async () => {
  const limit = 20 * mebibyte;
  const calls = await push({ rule: ({ length }) => (length > limit ? answer(413) : undefined) });
  expect(calls.map((call) => call.split(" ")[1])).toEqual([
    "-",
    "0-16777215",
    "16777216-33554431",
    `33554432-${large.size - 1}`,
    "-",
  ]);
  await against({ rule: ({ length }) => (length > mebibyte ? answer(413) : undefined) }, async (client) => {
    await expect(pushBlob(client, "a", large)).rejects.toThrow("413");
  });
});

test("a stream that breaks off goes on where the registry is, or begins anew where it does not say", async () => {
  const rule: Rule = ({ method, count }) => (method === "PATCH" && count === 1 ? { cutAfter: 7_000_000 } : undefined);
  expect(await push({ rule })).toEqual([whole, `PATCH 7000000-${large.size - 1} ${large.size - 7_000_000}`, end]);
  expect(await push({ rule, status: () => answer(404) })).toEqual([whole, whole, end]);
  expect(await push({ rule: (request) => rule(request) ?? (request.range ? answer(416) : undefined) })).toEqual([
    whole,
    `PATCH 7000000-${large.size - 1} ${large.size - 7_000_000}`,
    `PUT - ${large.size}`,
  ]);
});

test("what is no matter of the way is told at once", () =>
  against(
    { rule: () => Response.json({ errors: [{ code: "DENIED", message: "the quota is used up" }] }, { status: 403 }) },
    async (client, seen) => {
      await expect(pushBlob(client, "a", large)).rejects.toThrow("denied: the quota is used up");
      expect(seen.calls.length).toBe(1);
    },
  ));
