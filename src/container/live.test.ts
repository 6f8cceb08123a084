import { expect, test } from "bun:test";
import { LiveContainers } from "./live.ts";

test("an exit wakes those who wait for it, a removal wakes all", async () => {
  const live = new LiveContainers().of("c");
  const [exit, removal] = [live.nextExit(), live.removal()];
  live.announceExit({ StatusCode: 3 });
  expect(await exit).toEqual({ StatusCode: 3 });
  const next = live.nextExit();
  live.announceRemoval({ StatusCode: 4 });
  expect(await Promise.all([removal, next])).toEqual([{ StatusCode: 4 }, { StatusCode: 4 }]);
});

test("who gives up is forgotten", async () => {
  const live = new LiveContainers().of("c");
  const abort = new AbortController();
  const waiting = live.nextExit(abort.signal);
  abort.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  live.announceExit({ StatusCode: 0 });
});
