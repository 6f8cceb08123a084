import { errorMessage } from "../../lib/errors.ts";
import { KeyedLock } from "../../lib/lock.ts";
import type { Logger } from "../../lib/log.ts";
import { pause } from "../../lib/pause.ts";
import type { Liveness } from "../store/liveness.ts";
import type { EtcdClient } from "./client.ts";
import { aliveKey } from "./keys.ts";
import type { EtcdStore } from "./store.ts";

/** Seconds after which the nodes of a manager are nobody's when it is not heard of. */
const lease = 4;
const beat = 1000;

/** Nodes that managers have, as keys that hang on a lease of the manager's; where it has run out it is taken anew. */
export class EtcdLiveness implements Liveness {
  private readonly held = new Set<string>();
  private readonly locks = new KeyedLock();
  private readonly over = new AbortController();
  private id = "";
  private readonly keeping: Promise<void>;

  constructor(
    private readonly client: EtcdClient,
    private readonly store: EtcdStore,
    private readonly managerId: string,
    private readonly log: Logger,
  ) {
    this.keeping = this.keep();
  }

  get nodes(): ReadonlySet<string> {
    return this.store.nodes;
  }

  hold(nodeId: string): Promise<void> {
    this.held.add(nodeId);
    return this.inTurn(nodeId, async () => {
      if (this.id !== "" && this.held.has(nodeId)) await this.put(nodeId);
    });
  }

  async release(nodeId: string): Promise<void> {
    if (!this.held.delete(nodeId)) return;
    const key = btoa(aliveKey(nodeId));
    await this.inTurn(nodeId, async () => {
      if (this.held.has(nodeId)) return;
      await this.client.txn({
        compare: [{ key, target: "VALUE", result: "EQUAL", value: btoa(this.managerId) }],
        success: [{ request_delete_range: { key } }],
      });
    });
  }

  /** What is done about one node is done in the order in which it was asked for. */
  private async inTurn(nodeId: string, work: () => Promise<void>): Promise<void> {
    using _ = await this.locks.acquire(nodeId);
    await work();
  }

  onLost(listener: (nodeId: string) => void): () => void {
    return this.store.onNode((nodeId, present) => {
      if (!present) listener(nodeId);
    });
  }

  /** Gives all of them up at once. */
  async close(): Promise<void> {
    this.over.abort();
    await this.keeping;
    if (this.id !== "") await this.client.revoke(this.id).catch(() => {});
    this.id = "";
  }

  private async keep(): Promise<void> {
    while (!this.over.signal.aborted) {
      try {
        if (this.id === "") await this.take();
        else if ((await this.client.keepAlive(this.id, lease * 1000)) <= 0) this.id = "";
      } catch (error) {
        this.log.debug("the nodes of this manager are not renewed", { error: errorMessage(error) });
      }
      await pause(beat, this.over.signal);
    }
  }

  private async take(): Promise<void> {
    this.id = await this.client.grant(lease);
    for (const nodeId of this.held) await this.put(nodeId);
  }

  private async put(nodeId: string): Promise<void> {
    const request_put = { key: btoa(aliveKey(nodeId)), value: btoa(this.managerId), lease: this.id };
    await this.client.txn({ compare: [], success: [{ request_put }] });
  }
}
