import { describe, expect, test } from "bun:test";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { until } from "../harness.ts";
import { blobOf, pushBlob, pushImage, putManifest, randomBlob } from "./content.ts";
import { RegistryProcess } from "./process.ts";

const quick = ["--gc-interval", "50ms", "--gc-grace", "300ms"];

/** Digests of what is in storage. */
function stored(registry: RegistryProcess): string[] {
  return readdirSync(join(registry.data, "blobs"), { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(registry.data, "blobs", path), { throwIfNoEntry: false })?.isFile())
    .map((path) => `${path.split("/")[0]}:${path.split("/").at(-1)}`);
}

describe("collection", () => {
  test("deleting an image frees what only it had", async () => {
    await using registry = await RegistryProcess.start(quick);
    const shared = randomBlob(5000);
    const first = await pushImage(registry, "app", "v1", { layers: [shared, randomBlob(5000)] });
    const second = await pushImage(registry, "app", "v2", { layers: [shared, randomBlob(5000)] });
    const other = await pushImage(registry, "other", "v1", { layers: [first.layers[1] ?? shared] });
    await registry.fetch(`/v2/app/manifests/${first.manifest.digest}`, { method: "DELETE" });
    await until("the config to be freed", () => !stored(registry).includes(first.config.digest));
    await until(
      "the link to go",
      async () => (await registry.fetch(`/v2/app/blobs/${first.layers[1]?.digest}`, { method: "HEAD" })).status === 404,
    );
    for (const { digest } of [...second.layers, second.config])
      expect((await registry.fetch(`/v2/app/blobs/${digest}`)).status).toBe(200);
    for (const { digest } of other.layers) expect((await registry.fetch(`/v2/other/blobs/${digest}`)).status).toBe(200);
    await registry.fetch(`/v2/app/manifests/${second.manifest.digest}`, { method: "DELETE" });
    await registry.fetch(`/v2/other/manifests/${other.manifest.digest}`, { method: "DELETE" });
    await until("everything to be freed", () => stored(registry).length === 0);
  });

  test("an index takes its manifests and their referrers with it", async () => {
    await using registry = await RegistryProcess.start(quick);
    const { manifest } = await pushImage(registry, "multi", "");
    const index = blobOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ mediaType: mediaTypes.ociManifest, digest: manifest.digest, size: manifest.size }],
      }),
    );
    await putManifest(registry, "multi", "v1", index, mediaTypes.ociIndex);
    const signature = await pushImage(registry, "multi", "", {
      extra: { subject: { mediaType: mediaTypes.ociManifest, digest: manifest.digest, size: manifest.size } },
    });
    await registry.fetch(`/v2/multi/manifests/${index.digest}`, { method: "DELETE" });
    await until("everything to be freed", () => stored(registry).length === 0);
    expect((await registry.fetch(`/v2/multi/manifests/${manifest.digest}`)).status).toBe(404);
    expect((await registry.fetch(`/v2/multi/manifests/${signature.manifest.digest}`)).status).toBe(404);
  });

  test("uploads that wait for their manifest stay, forgotten ones go", async () => {
    await using registry = await RegistryProcess.start([...quick, "--upload-expiry", "5s"]);
    const waiting = randomBlob(1000);
    await pushBlob(registry, "waits", waiting);
    const location =
      (await registry.fetch("/v2/waits/blobs/uploads/", { method: "POST" })).headers.get("location") ?? "";
    await registry.fetch(location, { method: "PATCH", body: "begun" });
    await Bun.sleep(500);
    expect((await registry.fetch(`/v2/waits/blobs/${waiting.digest}`)).status).toBe(200);
    expect((await registry.fetch(location)).status).toBe(204);
    await until(
      "both to be forgotten",
      () => stored(registry).length === 0 && readdirSync(join(registry.data, "uploads")).length === 0,
    );
    // The file goes a moment before the word of it.
    await until("the upload to be unknown", async () => (await registry.fetch(location)).status === 404);
  });

  test("a blob that a client was told of stays for its push", async () => {
    await using registry = await RegistryProcess.start(["--gc-interval", "50ms", "--gc-grace", "1s"]);
    const image = await pushImage(registry, "app", "v1");
    await registry.fetch(`/v2/app/manifests/${image.manifest.digest}`, { method: "DELETE" });
    const { digest } = image.config;
    expect((await registry.fetch(`/v2/app/blobs/${digest}`, { method: "HEAD" })).status).toBe(200);
    await until(
      "the layer, which nobody asked for, to go",
      () => !stored(registry).includes(image.layers[0]?.digest ?? ""),
    );
    expect((await registry.fetch(`/v2/app/blobs/${digest}`)).status).toBe(200);
  });

  test("pushes and deletions go on beside it, and nothing named is ever lost", async () => {
    await using registry = await RegistryProcess.start(["--gc-interval", "5ms", "--gc-grace", "20ms"]);
    const base = Array.from({ length: 6 }, () => randomBlob(20_000));
    const end = Date.now() + 4000;
    // At least so many, however slow the machine is.
    const least = 21;
    let rounds = 0;
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        while (Date.now() < end || rounds < least) {
          const layers = base.filter(() => Math.random() < 0.5);
          const name = `busy/app${worker % 3}`;
          const image = await pushImage(registry, name, `w${worker}`, { layers });
          for (const { digest, content } of [...image.layers, image.config]) {
            const response = await registry.fetch(`/v2/${name}/blobs/${digest}`);
            expect(`${response.status} ${Buffer.from(await response.bytes()).equals(content)}`).toBe("200 true");
          }
          if (Math.random() < 0.7)
            await registry.fetch(`/v2/${name}/manifests/${image.manifest.digest}`, { method: "DELETE" });
          rounds++;
        }
      }),
    );
  });

  test("content that somebody removed from the disk is missed, and comes back with the next push", async () => {
    await using registry = await RegistryProcess.start(quick);
    const image = await pushImage(registry, "app", "v1");
    const digest = image.layers[0]?.digest ?? "";
    rmSync(join(registry.data, "blobs/sha256", digest.slice(7, 9), digest.slice(7)));
    expect((await registry.fetch(`/v2/app/blobs/${digest}`)).status).toBe(404);
    await registry.terminate();
    await registry.up();
    await until(
      "the sweep",
      async () => (await registry.fetch(`/v2/app/blobs/${digest}`, { method: "HEAD" })).status === 404,
    );
    expect(registry.log()).toContain("is missing from storage");
    await pushImage(registry, "app", "v2", { layers: image.layers });
    expect((await registry.fetch(`/v2/app/blobs/${digest}`)).status).toBe(200);
  });

  test("kill -9 in the midst of it loses nothing that is named, and the rest goes later", async () => {
    await using registry = await RegistryProcess.start([
      "--gc-interval",
      "5ms",
      "--gc-grace",
      "1ms",
      "--upload-expiry",
      "1s",
    ]);
    const base = Array.from({ length: 4 }, () => randomBlob(20_000));
    for (let crash = 0; crash < 6; crash++) {
      let running = true;
      const workers = Array.from({ length: 4 }, async (_, worker) => {
        while (running) {
          try {
            const name = `crash/app${worker}`;
            const image = await pushImage(registry, name, "v", { layers: base.filter(() => Math.random() < 0.6) });
            if (Math.random() < 0.6)
              await registry.fetch(`/v2/${name}/manifests/${image.manifest.digest}`, { method: "DELETE" });
          } catch {
            // The registry went away.
          }
        }
      });
      await Bun.sleep(150 + Math.random() * 200);
      await registry.kill();
      running = false;
      await Promise.all(workers);
      await registry.up();
      for (const name of (await registry.json("/v2/_catalog")).repositories as string[]) {
        const { tags } = await registry.json(`/v2/${name}/tags/list`);
        for (const tag of tags) {
          const manifest = await registry.json(`/v2/${name}/manifests/${tag}`);
          const digests = [manifest.config, ...manifest.layers].map(({ digest }: { digest: string }) => digest);
          for (const digest of digests) {
            const response = await registry.fetch(`/v2/${name}/blobs/${digest}`);
            expect(response.status).toBe(200);
            expect(blobOf(await response.bytes()).digest).toBe(digest);
          }
        }
      }
    }
    for (const name of (await registry.json("/v2/_catalog")).repositories as string[]) {
      const { tags } = await registry.json(`/v2/${name}/tags/list`);
      for (const tag of tags) {
        const digest = (await registry.fetch(`/v2/${name}/manifests/${tag}`, { method: "HEAD" })).headers.get(
          "docker-content-digest",
        );
        await registry.fetch(`/v2/${name}/manifests/${digest}`, { method: "DELETE" });
      }
    }
    // A start sweeps: bytes that a crash left without a row go too. The rule takes what lost its tag to a later push.
    await registry.terminate();
    await registry.up(["--keep-untagged", "1ms"]);
    await until("everything to be freed", () => stored(registry).length === 0);
  });
});

describe("retention", () => {
  test("keep the last, keep by pattern, by age, by time without a tag", async () => {
    await using registry = await RegistryProcess.start();
    await registry.terminate();
    const config = join(registry.root, "config.yaml");
    writeFileSync(
      config,
      [
        "gc-interval: 50ms",
        "gc-grace: 100ms",
        "retention:",
        "  - { repositories: 'last/**', keep-last: 2, keep-tags: ['v*', latest] }",
        "  - { repositories: old, older-than: 5s }",
        "  - { repositories: moved, untagged: 100ms }",
      ].join("\n"),
    );
    await registry.up(["--config", config]);
    for (const tag of ["v1", "latest", "b1", "b2", "b3", "b4"]) {
      await pushImage(registry, "last/app", tag);
      await Bun.sleep(2);
    }
    await until(
      "old builds to go",
      async () => (await registry.json("/v2/last/app/tags/list")).tags.join() === "b3,b4,latest,v1",
    );
    await pushImage(registry, "old", "v1");
    expect((await registry.fetch("/v2/old/manifests/v1")).status).toBe(200);
    await until("the old tag to go", async () => (await registry.fetch("/v2/old/manifests/v1")).status === 404);
    const before = await pushImage(registry, "moved", "latest");
    const after = await pushImage(registry, "moved", "latest");
    await until(
      "the untagged to go",
      async () =>
        (await registry.fetch(`/v2/moved/manifests/${before.manifest.digest}`, { method: "HEAD" })).status === 404,
    );
    expect((await registry.fetch(`/v2/moved/manifests/${after.manifest.digest}`)).status).toBe(200);
  });
});

describe("quotas", () => {
  test("hold for each repository", async () => {
    await using registry = await RegistryProcess.start(["--quota", "small/*=10kB"]);
    const name = "small/app";
    const blob = randomBlob(8000);
    await pushBlob(registry, name, blob);
    const refused = await registry.fetch(`/v2/${name}/blobs/uploads/?digest=${randomBlob(8000).digest}`, {
      method: "POST",
      body: randomBlob(8000).content,
    });
    expect(refused.status).toBe(403);
    const { errors } = (await refused.json()) as { errors: { code: string; message: string }[] };
    expect(errors[0]?.code).toBe("DENIED");
    expect(errors[0]?.message).toContain("the quota of small/app is 10000 bytes");
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const location =
      (await registry.fetch(`/v2/${name}/blobs/uploads/`, { method: "POST" })).headers.get("location") ?? "";
    expect((await registry.fetch(location, { method: "PATCH", body: stream })).status).toBe(403);
    await pushBlob(registry, name, blob);
    await pushBlob(registry, "large/app", randomBlob(20_000));
    expect(
      (await registry.fetch(`/v2/${name}/blobs/uploads/?mount=${blob.digest}&from=large/app`, { method: "POST" }))
        .status,
    ).toBe(202);
  });
});
