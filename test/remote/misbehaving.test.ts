/** Pulls from registries that misbehave, and from their mirrors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Daemon } from "../harness.ts";
import { RegistryClient } from "./client.ts";
import { harmful, isBlob } from "./harmful.ts";

let daemon: Daemon;
const client = new RegistryClient();
const { docker, ok, registryWithImage, forget } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

describe("registries that misbehave", () => {
  let real: string;
  beforeAll(async () => {
    real = await registryWithImage();
  });

  test("a connection that breaks is taken up where it broke", async () => {
    const proxy = await harmful(real, async (request, answer, count) => {
      const response = await answer();
      if (!isBlob(request) || count > 2 || Number(response.headers.get("content-length")) < 1_000_000) return response;
      const whole = await response.bytes();
      const half = whole.subarray(0, whole.length >> 1);
      // The length is promised, the connection ends before it.
      return new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(half);
            await Bun.sleep(50);
            controller.error(new Error("cut"));
          },
        }),
        { status: response.status, headers: response.headers },
      );
    });
    try {
      await ok("pull", `${proxy.host}/x/y:1`);
      expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
      expect(await ok("run", "--rm", `${proxy.host}/x/y:1`, "ls", "/layer1")).toBe("/layer1");
      await forget(`${proxy.host}/x/y:1`);
    } finally {
      proxy.stop();
    }
  });

  test("content that is not what its digest says is refused, and nothing of it stays", async () => {
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!isBlob(request)) return response;
      const bytes = await response.bytes();
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
      return new Response(bytes, { status: response.status, headers: response.headers });
    });
    try {
      const result = await docker("pull", `${proxy.host}/x/y:1`);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toMatch(/digest|verif/i);
      expect((await docker("image", "inspect", `${proxy.host}/x/y:1`)).exitCode).toBe(1);
    } finally {
      proxy.stop();
    }
  });

  test("a manifest that was exchanged is refused", async () => {
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!request.url.includes("/manifests/") || request.method !== "GET") return response;
      return new Response((await response.text()).replace('"schemaVersion": 2', '"schemaVersion": 2, "x": 1'), {
        status: response.status,
        headers: response.headers,
      });
    });
    try {
      expect((await docker("pull", `${proxy.host}/x/y:1`)).stderr).toContain("manifest verification failed");
    } finally {
      proxy.stop();
    }
  });

  test("429 and 5xx are waited out; what lasts is told", async () => {
    const passing = await harmful(real, async (_request, answer, count) =>
      count === 1
        ? new Response("busy", { status: 503 })
        : count === 2
          ? new Response("slow down", { status: 429, headers: { "retry-after": "0" } })
          : answer(),
    );
    try {
      await ok("pull", `${passing.host}/x/y:1`);
      await forget(`${passing.host}/x/y:1`);
    } finally {
      passing.stop();
    }
    const lasting = await harmful(
      real,
      async () =>
        new Response(
          JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit" }] }),
          { status: 429, headers: { "retry-after": "0" } },
        ),
    );
    try {
      expect((await docker("pull", `${lasting.host}/x/y:1`)).stderr).toContain("You have reached your pull rate limit");
    } finally {
      lasting.stop();
    }
  });

  test(
    "a token service that is busy is asked again; what " + "it and the registry refuse is told in Docker's words",
    async () => {
      let asked = 0;
      let answer: () => Response = () => Response.json({ token: "t" });
      const tokens = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => (asked++ < 1 ? new Response("busy", { status: 503, headers: { "retry-after": "0" } }) : answer()),
      });
      const challenge = (more: string, code = "UNAUTHORIZED", text = "authentication required") =>
        new Response(JSON.stringify({ errors: [{ code, message: text }] }), {
          status: 401,
          headers: { "www-authenticate": `Bearer realm="http://127.0.0.1:${tokens.port}/token",service="s"${more}` },
        });
      let refuse = false;
      const guarded = await harmful(real, async (request, go) =>
        refuse
          ? challenge(`,error="insufficient_scope"`)
          : request.headers.get("authorization") === "Bearer t"
            ? go()
            : challenge(""),
      );
      try {
        await ok("pull", `${guarded.host}/x/y:1`);
        await forget(`${guarded.host}/x/y:1`);
        refuse = true;
        expect((await docker("pull", `${guarded.host}/x/y:1`)).stderr).toContain(
          `pull access denied for ${guarded.host}/x/y, repository does not exist or may require 'docker login': ` +
            "denied: requested access to the resource is denied",
        );
        refuse = false;
        answer = () => Response.json({ details: "no account" }, { status: 401 });
        const { status, json } = await daemon.api("POST", `/images/create?fromImage=${guarded.host}/x/y&tag=1`);
        expect([status, json.message]).toEqual([401, expect.stringContaining("unauthorized: no account")]);
      } finally {
        guarded.stop();
        await tokens.stop(true);
      }
    },
  );

  test("a download gets as many tries as max-download-attempts says", async () => {
    let tries = 0;
    const proxy = await harmful(real, async (request, answer) => {
      if (!isBlob(request)) return answer();
      const response = await answer();
      if (Number(response.headers.get("content-length")) < 1_000_000) return response;
      tries++;
      await response.body?.cancel();
      return new Response("");
    });
    await daemon.reload({ "max-download-attempts": 2, "max-concurrent-downloads": 1 });
    try {
      expect((await docker("pull", `${proxy.host}/x/y:1`)).stderr).toContain("unexpected EOF: 0 of");
      expect(tries).toBe(2);
    } finally {
      proxy.stop();
      await daemon.reload({});
    }
  });

  test("malformed manifests and kinds that nobody knows are refused clearly", async () => {
    const cases: [string, string, RegExp][] = [
      ["not json", "application/vnd.oci.image.manifest.v1+json", /error unmarshalling content: /],
      [
        JSON.stringify({ schemaVersion: 1, name: "x", fsLayers: [] }),
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        /schema 1/,
      ],
      [
        JSON.stringify({
          schemaVersion: 2,
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          config: { mediaType: "application/vnd.unknown", digest: `sha256:${"0".repeat(64)}`, size: 2 },
          layers: [],
        }),
        "application/vnd.oci.image.manifest.v1+json",
        /no container image|unsupported|Encountered/,
      ],
      [
        JSON.stringify({
          schemaVersion: 2,
          mediaType: "application/vnd.oci.image.index.v1+json",
          manifests: [
            {
              mediaType: "application/vnd.oci.image.manifest.v1+json",
              digest: `sha256:${"0".repeat(64)}`,
              size: 2,
              platform: { os: "plan9", architecture: "mips" },
            },
          ],
        }),
        "application/vnd.oci.image.index.v1+json",
        /no matching manifest/,
      ],
      [
        JSON.stringify({
          schemaVersion: 2,
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: "sha256:../../etc/passwd", size: 2 },
          layers: [],
        }),
        "application/vnd.oci.image.manifest.v1+json",
        /digest/,
      ],
    ];
    for (const [body, type, expected] of cases) {
      const proxy = await harmful(real, async (request, answer) =>
        request.url.includes("/manifests/") ? new Response(body, { headers: { "content-type": type } }) : answer(),
      );
      try {
        const result = await docker("pull", `${proxy.host}/x/y:1`);
        expect(result.exitCode).toBe(1);
        expect(result.stderr).toMatch(expected);
      } finally {
        proxy.stop();
      }
    }
  });

  test("mirrors of any registry are asked first, and passed by when they fail", async () => {
    const mirror = await harmful(real, (_request, answer) => answer());
    await daemon.reload({
      registries: { "registry.test": { mirrors: ["http://127.0.0.1:1", `http://${mirror.host}`] } },
    });
    try {
      await ok("pull", "registry.test/x/y:1");
      expect(mirror.requests.some((line) => line.includes("/v2/x/y/manifests/1"))).toBe(true);
      expect(await ok("run", "--rm", "registry.test/x/y:1", "ls", "/layer1")).toBe("/layer1");
      await forget("registry.test/x/y:1");
      // One that keeps several registries, by a path before the repository.
      await daemon.reload({ registries: { "registry.test": { mirrors: [`http://${mirror.host}/x`] } } });
      await ok("pull", "registry.test/y:1");
      await forget("registry.test/y:1");
    } finally {
      mirror.stop();
      await daemon.reload({});
    }
  });
});
