/** Pulls and pushes that are cut off: by the registry, by kill -9 of the daemon, by the client. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, dockerClients, sh, until } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";
import { RegistryClient } from "./client.ts";
import { harmful, isBlob } from "./harmful.ts";

let daemon: Daemon;
const client = new RegistryClient();
const { docker, ok, registry, registryWithImage, makeImage, forget } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

describe("registries that misbehave", () => {
  let real: string;
  beforeAll(async () => {
    real = await registryWithImage();
  });

  test("kill -9 in the middle of a pull: no half image; the next try goes on from what is there", async () => {
    let slow = true;
    const proxy = await harmful(real, async (request, answer) => {
      const response = await answer();
      if (!isBlob(request) || !slow || Number(response.headers.get("content-length")) < 1_000_000) return response;
      const whole = await response.bytes();
      return new Response(
        new ReadableStream({
          async start(controller) {
            for (let at = 0; at < whole.length && slow; at += 100_000) {
              controller.enqueue(whole.subarray(at, at + 100_000));
              await Bun.sleep(40);
            }
            controller.close();
          },
        }),
        { status: response.status, headers: { "content-type": "application/octet-stream" } },
      );
    });
    try {
      const pulling = docker("pull", `${proxy.host}/x/y:1`);
      await until(
        "some of a layer",
        async () =>
          Number((await sh(["sh", "-c", `find ${daemon.dataRoot}/blobs/partial -type f -size +200k | wc -l`])).stdout) >
          0,
      );
      await daemon.kill();
      await pulling;
      slow = false;
      await daemon.up();
      expect((await docker("image", "inspect", `${proxy.host}/x/y:1`)).exitCode).toBe(1);
      await ok("pull", `${proxy.host}/x/y:1`);
      expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
      expect(await ok("run", "--rm", `${proxy.host}/x/y:1`, "ls", "/layer1")).toBe("/layer1");
      await forget(`${proxy.host}/x/y:1`);
    } finally {
      proxy.stop();
    }
  });

  /** Before a registry: uploads come through here too, whatever address it names for them. */
  const uploading = (
    upstream: string,
    patch: (request: Request, count: number, answer: () => Promise<Response>) => Promise<Response>,
  ) =>
    harmful(upstream, async (request, answer, count) => {
      const response = request.method === "PATCH" ? await patch(request, count, answer) : await answer();
      const location = response.headers.get("location");
      if (!location) return response;
      const headers = new Headers(response.headers);
      const { pathname, search } = new URL(location, `http://${upstream}`);
      headers.set("location", pathname + search);
      return new Response(response.body, { status: response.status, headers });
    });
  const busy = () => new Response("", { status: 503, headers: { "retry-after": "0" } });

  test("an upload that the registry forgot is begun anew", async () => {
    let lost = 0;
    const proxy = await uploading(real, async (request, count, answer) => {
      if (count > 1 || lost > 0) return answer();
      lost++;
      const { pathname, search } = new URL(request.url);
      expect((await fetch(`http://${real}${pathname}${search}`, { method: "DELETE" })).status).toBe(204);
      return busy();
    });
    try {
      await makeImage(`${proxy.host}/lost/one`, 1, 20_000);
      await ok("push", `${proxy.host}/lost/one`);
      expect(lost).toBe(1);
      await forget(`${proxy.host}/lost/one`);
      expect(await ok("run", "--rm", `${real}/lost/one`, "ls", "/layer0")).toBe("/layer0");
      await forget(`${real}/lost/one`);
    } finally {
      proxy.stop();
    }
  });

  test("an upload of which a part arrived goes on from there", async () => {
    await using own = await RegistryProcess.start();
    const sent: string[] = [];
    const proxy = await uploading(own.address, async (request, _count, answer) => {
      sent.push(request.headers.get("content-range") ?? "");
      if (sent.length > 1) return answer();
      const { pathname } = new URL(request.url);
      const part = (await request.bytes()).subarray(0, 1_000_000);
      expect(
        (
          await fetch(`http://${own.address}${pathname}`, {
            method: "PATCH",
            body: part,
            headers: { "content-range": `0-${part.length - 1}` },
          })
        ).status,
      ).toBe(202);
      return busy();
    });
    try {
      await makeImage(`${proxy.host}/part/one`, 1, 20_000);
      await ok("push", `${proxy.host}/part/one`);
      // Whole, without a range; then the rest.
      expect(sent.map((range) => range.split("-")[0])).toEqual(["", "1000000"]);
      await forget(`${proxy.host}/part/one`);
      await ok("pull", `${own.address}/part/one`);
      await forget(`${own.address}/part/one`);
    } finally {
      proxy.stop();
    }
  });

  test("kill -9 in the middle of a push: no half image there; the next try sends the rest", async () => {
    let hold = true;
    let waiting = false;
    const proxy = await uploading(real, async (_request, _count, answer) => {
      waiting = true;
      while (hold) await Bun.sleep(20);
      return answer();
    });
    try {
      await makeImage(`${proxy.host}/killed/two`, 1, 20_000);
      const pushing = docker("push", `${proxy.host}/killed/two`);
      await until("an upload", () => waiting);
      await daemon.kill();
      await pushing;
      hold = false;
      await daemon.up();
      expect((await fetch(`http://${real}/v2/killed/two/manifests/latest`)).status).toBe(404);
      expect(await ok("push", `${proxy.host}/killed/two`)).toContain("Layer already exists");
      await forget(`${proxy.host}/killed/two`);
      expect(await ok("run", "--rm", `${real}/killed/two`, "ls", "/layer0")).toBe("/layer0");
      await forget(`${real}/killed/two`);
    } finally {
      hold = false;
      proxy.stop();
    }
  });
});

test("a client that goes away ends its pull; the next one goes on from what is there", async () => {
  const host = await registry();
  await makeImage(`${host}/gone`, 1, 20_000);
  await ok("push", `${host}/gone`);
  await forget(`${host}/gone`);
  let [hold, held, left] = [true, false, false];
  const proxy = await harmful(host, async (request, answer) => {
    const response = await answer();
    if (!isBlob(request) || !hold || Number(response.headers.get("content-length")) < 1_000_000) return response;
    request.signal.addEventListener("abort", () => {
      left = true;
    });
    const whole = await response.bytes();
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(whole.subarray(0, 15_000_000));
          held = true;
        },
      }),
      { status: response.status, headers: response.headers },
    );
  });
  try {
    const child = Bun.spawn([dockerClients[0] ?? "docker", "pull", `${proxy.host}/gone`], {
      env: { ...process.env, DOCKER_HOST: daemon.host },
      stdout: "ignore",
      stderr: "ignore",
    });
    await until("some of the layer", () => held);
    await until(
      "some of it on disk",
      async () =>
        Number((await sh(["sh", "-c", `find ${daemon.dataRoot}/blobs/partial -type f -size +1M | wc -l`])).stdout) > 0,
    );
    child.kill();
    await child.exited;
    await until("the pull to end", () => left);
    hold = false;
    await ok("pull", `${proxy.host}/gone`);
    expect(proxy.requests.some((line) => /blobs\/.* bytes=\d+-/.test(line))).toBe(true);
    expect(readFileSync(join(daemon.root, "log"), "utf8")).not.toContain("unhandled");
    await forget(`${proxy.host}/gone`);
  } finally {
    proxy.stop();
  }
});
