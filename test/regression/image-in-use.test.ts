/** An image that a container has mounted is in use, as the one that it was made of. */
import { expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

test("an image that is mounted is not removed", async () => {
  await using daemon = await Daemon.start();
  await daemon.ok("tag", "busybox", "base");
  const build = await daemon.ok("create", "busybox");
  const id = await daemon.ok("commit", "--change", "LABEL mounted=yes", build, "mounted");
  await daemon.ok("rm", build);
  const { Id } = (
    await daemon.api("POST", "/containers/create", {
      Image: "base",
      Cmd: ["sleep", "1000"],
      HostConfig: { Mounts: [{ Type: "image", Source: "mounted", Target: "/im" }] },
    })
  ).json;
  const short = Id.slice(0, 12);
  const refused = await daemon.api("DELETE", "/images/mounted");
  expect(refused.status).toBe(409);
  expect(refused.json.message).toBe(
    `conflict: unable to remove repository reference "mounted" (must force) - container ${short} is using its ` +
      `referenced image ${id.slice(7, 19)}`,
  );
  await daemon.api("POST", `/containers/${Id}/start`);
  const byId = await daemon.api("DELETE", `/images/${id}?force=1`);
  expect([byId.status, byId.json.message]).toEqual([
    409,
    `conflict: unable to delete ${id.slice(7, 19)} (cannot be forced) - image is being used by running ` +
      `container ${short}`,
  ]);
  await daemon.api("POST", `/images/prune?filters=${encodeURIComponent(JSON.stringify({ dangling: ["false"] }))}`);
  expect((await daemon.api("GET", "/images/mounted/json")).status).toBe(200);
  await daemon.api("DELETE", `/containers/${Id}?force=1`);
  expect((await daemon.api("DELETE", "/images/mounted")).status).toBe(200);
});
