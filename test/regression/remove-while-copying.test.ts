/** A container that is removed with its volumes while files are copied in and out leaves none of them behind. */
import { expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

test("no anonymous volume outlives its container", async () => {
  await using daemon = await Daemon.start();
  const archive = await new Bun.Archive({ "a/b": "x".repeat(100_000), "a/c/d": "y", e: "z" }).bytes();
  const round = async () => {
    const { Id } = (
      await daemon.api("POST", "/containers/create", { Image: "busybox", Volumes: { "/data": {}, "/more": {} } })
    ).json;
    const path = `http://d/containers/${Id}/archive?path=/data`;
    // Each may come too late for the container, or break off; what counts is what is left.
    const copies = [
      fetch(path, { unix: daemon.socket, method: "PUT", body: archive }),
      fetch(path, { unix: daemon.socket, method: "PUT", body: archive }),
      fetch(path, { unix: daemon.socket }),
    ].map((reply) => reply.then((response) => response.arrayBuffer()).catch(() => null));
    const removed = await daemon.api("DELETE", `/containers/${Id}?force=1&v=1`);
    await Promise.all(copies);
    expect(removed.status).toBe(204);
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let rounds = 0; rounds < 12; rounds++) await round();
    }),
  );
  expect((await daemon.api("GET", "/volumes")).json.Volumes).toEqual([]);
}, 120_000);
