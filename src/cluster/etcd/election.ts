import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { EtcdClient } from "./client.ts";
import { leaderKey } from "./keys.ts";
import type { EtcdStore } from "./store.ts";

/** Seconds after which another manager may lead when this one is not heard of. */
const lease = 3;
const beat = 1000;
const pause = 250;

/**
 * Stands for the lead until it is disposed of. `lead` is called as often as it is won; its signal says when it is lost,
 * which is at the latest when the lease may be over. What two that both believe to lead could do to each other, the
 * conditions of their commits prevent.
 */
export function campaign(
  client: EtcdClient,
  store: EtcdStore,
  { nodeId, log }: { nodeId: string; log: Logger },
  lead: (signal: AbortSignal) => Promise<void>,
): AsyncDisposable {
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      try {
        await stand(client, store, nodeId, over.signal, lead);
      } catch (error) {
        if (!over.signal.aborted) log.debug("no lead for now", { error: errorMessage(error) });
      }
      if (!over.signal.aborted) await Bun.sleep(pause);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
    },
  };
}

/** One try: waits while another leads, takes the lead where nobody does, and holds it as long as it can. */
async function stand(
  client: EtcdClient,
  store: EtcdStore,
  nodeId: string,
  over: AbortSignal,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (store.leader !== "" && store.leader !== nodeId) {
    await changed(store, over);
    return;
  }
  const id = await client.grant(lease);
  const lost = new AbortController();
  let leading: Promise<void> = Promise.resolve();
  try {
    const key = btoa(leaderKey);
    const { succeeded } = await client.txn(
      [{ key, target: "VERSION", result: "EQUAL", version: "0" }],
      [{ request_put: { key, value: btoa(nodeId), lease: id } }],
    );
    // Its own of a run before, which will be over soon, is waited for like another's.
    if (!succeeded) {
      await Promise.race([changed(store, over), Bun.sleep(beat)]);
      return;
    }
    leading = lead(lost.signal);
    await hold(client, id, over);
  } finally {
    lost.abort();
    await leading;
    await client.revoke(id).catch(() => {});
  }
}

/** Renews the lease until it is over, or may be. */
async function hold(client: EtcdClient, id: string, over: AbortSignal): Promise<void> {
  let until = Date.now() + lease * 1000;
  while (!over.aborted && Date.now() < until) {
    const asked = Date.now();
    try {
      const seconds = await client.keepAlive(id, Math.max(1, until - asked));
      if (seconds <= 0) return;
      until = asked + seconds * 1000;
    } catch {
      // Another try, while there is time.
    }
    await interruptible(Math.min(beat, Math.max(0, until - Date.now())), over);
  }
}

const changed = (store: EtcdStore, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      unlisten();
      over.removeEventListener("abort", end);
      resolve();
    };
    const unlisten = store.onLeader(end);
    over.addEventListener("abort", end);
  });

const interruptible = (ms: number, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    over.addEventListener("abort", end);
  });
