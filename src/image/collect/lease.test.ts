import { afterAll, beforeAll, expect, jest, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { EventBus } from "../../api/events.ts";
import { Logger } from "../../lib/log.ts";
import { nowNano } from "../../linux/clock.ts";
import { openStore } from "../../store/store.ts";
import { endAbandonedLeases, expiredLeases, isLeased } from "../lease-table.ts";
import { openImages } from "../open.ts";
import { abandonLeases, Lease } from "./lease.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/lease-`);
});
afterAll(() => rmSync(root, { recursive: true }));

function open(path: string) {
  const store = openStore(path);
  const none = { userOf: () => undefined, madeOf: () => [], namesUsed: () => [], counts: () => new Map() };
  return openImages({
    store,
    imageUsers: none,
    blobUsers: { uses: () => false },
    layerUsers: { unusedOf: (chainIds) => [...chainIds] },
    events: new EventBus(nowNano),
    log: new Logger("error"),
    dataRoot: root,
    execRoot: root,
    storageDriver: "vfs",
  });
}

test(
  "a lease that is open when the store closes is left " + "for the next boot, and touches the store no more",
  async () => {
    jest.useFakeTimers();
    try {
      const deps = open(`${root}/db`);
      const lease = new Lease(deps);
      lease.add("snapshot", "half-made");
      abandonLeases(deps);
      await deps.archiver[Symbol.asyncDispose]();
      deps.store.close();
      jest.advanceTimersByTime(24 * 60 * 60 * 1000);
      await lease[Symbol.asyncDispose]();

      const store = openStore(`${root}/db`);
      expect(isLeased(store, { kind: "snapshot", key: "half-made" }, 0)).toBe(true);
      endAbandonedLeases(store);
      expect(isLeased(store, { kind: "snapshot", key: "half-made" }, 0)).toBe(false);
      store.close();
    } finally {
      jest.useRealTimers();
    }
  },
);

test("a lease that has ended is not open any more, and an open one is renewed", async () => {
  jest.useFakeTimers();
  try {
    const deps = open(":memory:");
    const lease = new Lease(deps);
    jest.advanceTimersByTime(3 * 60 * 60 * 1000);
    expect(expiredLeases(deps.store, Date.now())).toEqual([]);
    await lease[Symbol.asyncDispose]();
    expect(deps.openLeases.size).toBe(0);
    await deps.archiver[Symbol.asyncDispose]();
    deps.store.close();
  } finally {
    jest.useRealTimers();
  }
});
