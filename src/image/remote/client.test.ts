import { expect, test } from "bun:test";
import { RegistryClient } from "./client.ts";

const basic = `Basic ${Buffer.from("ann:secret").toString("base64")}`;

/** Refuses the first `together` requests at once, as those that go out side by side before any answer is there. */
function registry(together: number) {
  let waiting: (() => void)[] = [];
  let refused = 0;
  return Bun.serve({
    port: 0, hostname: "127.0.0.1",
    async fetch(request) {
      if (request.headers.get("authorization") === basic) return new Response("fine");
      if (++refused < together) await new Promise<void>((resolve) => waiting.push(resolve));
      else for (const go of waiting.splice(0)) go();
      return new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="here"' } });
    },
  });
}

test("requests side by side each learn of the credentials that are asked for", async () => {
  const server = registry(5);
  try {
    const endpoint = { url: `http://127.0.0.1:${server.port}`, domain: "here", mirror: false, prefix: "" };
    const client = new RegistryClient(endpoint, { username: "ann", password: "secret" });
    const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => client.call(`/v2/a/blobs/${index}`, "repository:a:pull")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const wrong = new RegistryClient(endpoint, { username: "ann", password: "no" });
    await expect(wrong.call("/v2/a/blobs/0", "repository:a:pull")).rejects.toThrow("authentication required");
  } finally {
    await server.stop(true);
  }
});
