import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { ClusterStore } from "../store/store.ts";
import { type EtcdClient, shortPatience } from "./client.ts";
import { leaderKey } from "./keys.ts";
import type { EtcdStore } from "./store.ts";

/** What is done by whoever leads, with a store that takes nothing any more when the lead is another's. */
export type Lead = (signal: AbortSignal, store: ClusterStore) => Promise<void>;

/** Seconds after which another manager may lead when this one is not heard of. */
const lease = 3;
const beat = 1000;
const pause = 250;

/**
 * Stands for the lead until it is disposed of. `lead` is called as often as it is won; its signal says when it is lost,
 * which is at the latest when the lease may be over.
 */
export function campaign(
  client: EtcdClient,
  store: EtcdStore,
  { nodeId, log }: { nodeId: string; log: Logger },
  lead: Lead,
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
  lead: Lead,
): Promise<void> {
  if (store.leader !== "" && store.leader !== nodeId) {
    await changed(store, over);
    return;
  }
  const until = performance.now() + lease * 1000;
  const id = await client.grant(lease);
  const lost = new AbortController();
  let leading: Promise<void> = Promise.resolve();
  try {
    const key = btoa(leaderKey);
    const request = {
      compare: [{ key, target: "VERSION", result: "EQUAL", version: "0" }],
      success: [{ request_put: { key, value: btoa(nodeId), lease: id } }],
    };
    const { succeeded, revision } = await client.txn(request, shortPatience);
    // Its own of a run before, which will be over soon, is waited for like another's.
    if (!succeeded) {
      await Promise.race([changed(store, over), Bun.sleep(beat)]);
      return;
    }
    leading = lead(lost.signal, store.fenced(revision));
    await hold(client, id, until, over);
  } finally {
    lost.abort();
    await leading;
    await client.revoke(id).catch(() => {});
  }
}

/** Renews the lease, which is good at least `until` then, until it is over, or may be. */
async function hold(client: EtcdClient, id: string, until: number, over: AbortSignal): Promise<void> {
  while (!over.aborted && performance.now() < until) {
    const asked = performance.now();
    try {
      const seconds = await client.keepAlive(id, Math.max(1, Math.min(beat, until - asked)));
      if (seconds <= 0) return;
      until = asked + seconds * 1000;
    } catch {
      // Another try, while there is time.
    }
    await interruptible(Math.min(beat, Math.max(0, until - performance.now())), over);
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
