/** What a build has fetched so far goes when the daemon was killed amid it. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";

test("scratch files of builds are gone after kill -9", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const context = mkdtempSync("/tmp/berth-scratch-");
  // The file never comes to its end.
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: () => new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(100_000)) })),
  });
  try {
    writeFileSync(join(context, "Dockerfile"), `FROM scratch\nADD http://127.0.0.1:${server.port}/file /file\n`);
    await sh(["tar", "-C", context, "-cf", join(context, "context.tar"), "Dockerfile"]);
    const scratch = () => readdirSync(join(daemon.dataRoot, "tmp")).filter((name) => name !== "images");
    const building = fetch("http://d/build", {
      unix: daemon.socket,
      method: "POST",
      body: Bun.file(join(context, "context.tar")),
    })
      .then((answer) => answer.text())
      .catch(() => "");
    await until("the context and the file that is on its way", () => scratch().length > 1);
    await daemon.kill();
    await building;
    await daemon.up();
    expect(scratch()).toEqual([]);
  } finally {
    rmSync(context, { recursive: true });
  }
});
