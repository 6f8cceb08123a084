import { expect, test } from "bun:test";
import { RegistryClient } from "./client.ts";

const basic = `Basic ${Buffer.from("ann:secret").toString("base64")}`;

/** Refuses the first `together` requests at once, as those that go out side by side before any answer is there. */
function registry(together: number) {
  const waiting: (() => void)[] = [];
  let refused = 0;
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
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
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => client.call(`/v2/a/blobs/${index}`, "repository:a:pull")),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const wrong = new RegistryClient(endpoint, { username: "ann", password: "no" });
    await expect(wrong.call("/v2/a/blobs/0", "repository:a:pull")).rejects.toThrow("authentication required");
  } finally {
    await server.stop(true);
  }
});

const endpointOf = (port: number | undefined) => ({
  url: `http://127.0.0.1:${port}`,
  domain: "here.example",
  mirror: false,
  prefix: "",
});

test("a wait that is too long is told at once, with the time; a short one is waited", async () => {
  let asked = 0;
  const answers = [
    () => new Response("slow down", { status: 429, headers: { "retry-after": "21600" } }),
    () =>
      new Response("", {
        status: 503,
        statusText: "Service Unavailable",
        headers: { "retry-after": new Date(Date.now() + 3_600_000).toUTCString() },
      }),
    () => new Response("", { status: 429, headers: { "retry-after": "0" } }),
  ];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => answers[asked++]?.() ?? new Response("fine"),
  });
  try {
    const client = new RegistryClient(endpointOf(server.port));
    await expect(client.call("/v2/", "")).rejects.toThrow(
      "toomanyrequests: slow down (here.example limits how often it may be asked; log in, wait 6h0m0s, or " +
        "configure a mirror)",
    );
    await expect(client.call("/v2/", "")).rejects.toThrow(
      /503 Service Unavailable \(it asks to be tried again in (1h0m0s|59m5\ds)\)/,
    );
    expect(asked).toBe(2);
    expect((await client.call("/v2/", "")).status).toBe(200);
    expect(asked).toBe(4);
  } finally {
    await server.stop(true);
  }
});

test("waits that add up to much are not waited either", async () => {
  let asked = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { status: 429, headers: { "retry-after": asked++ === 0 ? "1" : "30" } }),
  });
  try {
    await expect(new RegistryClient(endpointOf(server.port)).call("/v2/", "")).rejects.toThrow("wait 30s");
    expect(asked).toBe(2);
  } finally {
    await server.stop(true);
  }
});

test("nobody there is told at once, but for one who was there before: that one may start again", async () => {
  const first = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("fine") });
  const { port } = first;
  const client = new RegistryClient(endpointOf(port));
  await client.call("/v2/", "");
  await first.stop(true);
  const stranger = new RegistryClient(endpointOf(port));
  await expect(stranger.call("/v2/", "")).rejects.toThrow("connect: connection refused");
  const later = client.call("/v2/", "");
  // Long enough for the first try to be refused.
  await Bun.sleep(200);
  const second = Bun.serve({ port: port ?? 0, hostname: "127.0.0.1", fetch: () => new Response("fine again") });
  try {
    expect(await (await later).text()).toBe("fine again");
  } finally {
    await second.stop(true);
  }
});
