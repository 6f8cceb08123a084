/** A container that would share the processes of one that does not run, or is no more. */
import { expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

test("does not start, and tells of it as dockerd does", async () => {
  await using daemon = await Daemon.start();
  const donor = await daemon.ok("create", "--name", "donor", "busybox", "true");
  const id = await daemon.ok("create", "--pid", "container:donor", "busybox", "true");
  const start = async () => {
    const answer = await daemon.api("POST", `/containers/${id}/start`);
    return [answer.status, answer.json.message];
  };
  expect(await start()).toEqual([500, `failed to join PID namespace: container ${donor} is not running`]);
  expect(await daemon.ok("inspect", "--format", "{{.State.Status}}", id)).toBe("created");
  await daemon.ok("rm", "donor");
  expect(await start()).toEqual([500, `failed to join PID namespace: No such container: ${donor}`]);
}, 120_000);
