import { errorMessage, unavailable } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { type Kind, kinds } from "../model/objects.ts";
import { type Change, StateMirror } from "../model/state.ts";
import { type ClusterStore, mostWrites, OutOfSequence, type Write } from "../store/store.ts";
import {
  Compacted,
  EtcdAway,
  type EtcdClient,
  type KeyEvent,
  type Outcome,
  shortPatience,
  type Transaction,
} from "./client.ts";
import { aliveKey, leaderKey, markKey, marks, objectKey, readAliveKey, readObjectKey, root } from "./keys.ts";
import { decodeChange, encodeValue } from "./values.ts";

/** Milliseconds within which etcd has to find a leader again for a commit or a read to go on. */
const patience = 10_000;
const longestPause = 2000;

/**
 * The cluster's state in etcd, with a mirror of it in this process that a watch keeps. An object's `Version.Index` is
 * the revision of its key.
 */
export class EtcdStore implements ClusterStore {
  readonly state = new StateMirror();
  /** The node that leads; empty: none does. */
  leader = "";
  /** Those that some manager has. */
  readonly nodes = new Set<string>();
  private seen = 0;
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();
  private readonly leaderListeners = new Set<() => void>();
  private readonly nodeListeners = new Set<(nodeId: string, present: boolean) => void>();
  /** Commits that are being made, by their marks: the revision that has been seen of each; 0: none. */
  private readonly marked = new Map<string, number>();
  /** How often events were missed: it is not known which marks there were. */
  private gaps = 0;
  private readonly waiting = new Set<{ revision: number; reached: () => void }>();
  private readonly over = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: EtcdClient,
    private readonly nodeId: string,
    private readonly key: Buffer | null,
    private readonly log: Logger,
  ) {}

  /** With all that this machine's member knows. `key`: 32 bytes that open what is secret; null: nothing is sealed. */
  static async open(
    client: EtcdClient,
    { nodeId, key }: { nodeId: string; key: Buffer | null },
    log: Logger,
  ): Promise<EtcdStore> {
    const store = new EtcdStore(client, nodeId, key, log);
    await store.load();
    store.watching = store.watch();
    return store;
  }

  commit(writes: readonly Write[]): Promise<number> {
    return this.write(writes, null);
  }

  /** The same store, of which a commit only succeeds as long as the lead is the one that was won in that write. */
  fenced(won: number): ClusterStore {
    return {
      state: this.state,
      commit: (writes) => this.write(writes, won),
      onChange: (listener) => this.onChange(listener),
      sync: () => this.sync(),
    };
  }

  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called whenever another node leads, or none does. */
  onLeader(listener: () => void): () => void {
    this.leaderListeners.add(listener);
    return () => this.leaderListeners.delete(listener);
  }

  /** Called whenever a manager has a node that none had, or none has one any more. */
  onNode(listener: (nodeId: string, present: boolean) => void): () => void {
    this.nodeListeners.add(listener);
    return () => this.nodeListeners.delete(listener);
  }

  async sync(): Promise<void> {
    const end = performance.now() + patience;
    for (let pause = 50; ; pause *= 2) {
      try {
        await this.catchUp(end);
        return;
      } catch (error) {
        if (!(error instanceof EtcdAway) || performance.now() + pause > end) throw error;
      }
      await Bun.sleep(pause);
    }
  }

  async close(): Promise<void> {
    this.over.abort();
    await this.watching;
  }

  /**
   * Goes on through a change of etcd's leader: where it is not known whether a try has done its work, the mark that it
   * would have left tells. So nothing is done twice.
   */
  private async write(writes: readonly Write[], won: number | null): Promise<number> {
    if (writes.length > mostWrites) throw new RangeError(`more than ${mostWrites} writes in one commit`);
    const mark = crypto.randomUUID();
    const request = this.transaction(writes, mark, won);
    const { gaps } = this;
    const end = performance.now() + patience;
    this.marked.set(mark, 0);
    try {
      for (let pause = 50, unsure = false; ; pause = Math.min(pause * 2, 500)) {
        try {
          const done = unsure ? await this.doneBefore(mark, end) : 0;
          if (done > 0) return done;
          const outcome = await this.client.txn(request, remaining(end));
          if (outcome.succeeded) {
            await this.reached(outcome.revision);
            return outcome.revision;
          }
          // A try that seemed lost may have come through late, and be what these conditions met.
          const late = unsure ? await this.doneBefore(mark, end) : 0;
          if (late > 0) return late;
          throw refusal(outcome, won);
        } catch (error) {
          const over = performance.now() + pause > end || gaps !== this.gaps;
          if (!(error instanceof EtcdAway) || over) throw error;
          unsure = true;
        }
        await Bun.sleep(pause);
      }
    } finally {
      this.marked.delete(mark);
    }
  }

  private transaction(writes: readonly Write[], mark: string, won: number | null): Transaction {
    const compare = writes.flatMap((write) => condition(write) ?? []);
    const key = btoa(leaderKey);
    const put = { request_put: { key: btoa(markKey(this.nodeId)), value: btoa(mark) } };
    const success = [...writes.flatMap((write) => this.operation(write) ?? []), put];
    if (won === null) return { compare, success };
    const leads = { key, target: "MOD", result: "EQUAL", mod_revision: String(won) };
    return { compare: [...compare, leads], success, failure: [{ request_range: { key } }] };
  }

  /** The revision of the commit with this mark; 0: it was not done. */
  private async doneBefore(mark: string, end: number): Promise<number> {
    await this.catchUp(end);
    return this.marked.get(mark) ?? 0;
  }

  /** Reads from a majority which commit is the last, and waits for the mirror to show it. */
  private async catchUp(end: number): Promise<void> {
    const { kvs } = await this.client.range(marks, false, remaining(end));
    await this.reached(Math.max(0, ...kvs.map(({ modRevision }) => modRevision)));
  }

  private operation(write: Write): object | null {
    if ("check" in write) return null;
    if ("remove" in write) return { request_delete_range: { key: btoa(objectKey(write.remove, write.id)) } };
    const now = new Date().toISOString();
    const CreatedAt = this.state.get(write.put, write.object.ID)?.CreatedAt ?? now;
    const object = { ...write.object, CreatedAt, UpdatedAt: now };
    const value = encodeValue(write.put, object, this.key);
    return {
      request_put: {
        key: btoa(objectKey(write.put, write.object.ID)),
        value: Buffer.from(value).toString("base64"),
      },
    };
  }

  /** Resolved when the mirror shows a write. */
  private reached(revision: number): Promise<void> {
    if (this.seen >= revision) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { revision, reached: resolve };
    const timer = setTimeout(() => {
      this.waiting.delete(waiter);
      reject(new EtcdAway("etcd does not tell what has been written"));
    }, patience);
    this.waiting.add(waiter);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Takes in everything there is, and tells of what is different from what was known. */
  private async load(): Promise<void> {
    const { revision, kvs } = await this.client.range(root, true);
    const events: KeyEvent[] = kvs.map(({ key, value, modRevision }) => ({ key, value, revision: modRevision }));
    const found = new Set(kvs.map(({ key }) => key));
    for (const key of this.known()) if (!found.has(key)) events.push({ key, value: null, revision });
    const news = events.filter(({ key, value, revision: index }) => {
      const at = readObjectKey(key);
      return !at || value === null || this.state.get(at.kind, at.id)?.Version.Index !== index;
    });
    if (!found.has(leaderKey)) news.push({ key: leaderKey, value: null, revision });
    for (const nodeId of this.nodes) {
      if (!found.has(aliveKey(nodeId))) news.push({ key: aliveKey(nodeId), value: null, revision });
    }
    this.take(news, revision);
  }

  private *known(): Iterable<string> {
    for (const kind of kinds) for (const { ID } of this.state.all(kind)) yield objectKey(kind, ID);
  }

  private async watch(): Promise<void> {
    const { signal } = this.over;
    for (let pause = 50; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        for await (const events of this.client.watch(root, this.seen + 1, signal)) {
          pause = 50;
          for (const [revision, ofOne] of Map.groupBy(events, (event) => event.revision)) this.take(ofOne, revision);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Compacted) {
          this.gaps++;
          await this.load().catch(() => {});
        }
        this.log.debug("etcd cannot be watched", { error: errorMessage(error) });
      }
      if (!signal.aborted) await Bun.sleep(pause);
    }
  }

  /** Puts one write into the mirror, tells of it, and lets go who waited for it. */
  private take(events: readonly KeyEvent[], revision: number): void {
    const changes: Change[] = [];
    for (const { key, value, revision: index } of events) {
      if (key === leaderKey) this.noteLeader(value ?? "");
      const nodeId = readAliveKey(key);
      if (nodeId !== null) this.noteNode(nodeId, value !== null);
      if (value !== null && this.marked.has(value)) this.marked.set(value, index);
      const at = readObjectKey(key);
      const change = at && this.read(at, value, index);
      if (!change) continue;
      this.state.apply(change, index);
      changes.push(change);
    }
    if (revision > this.seen) this.seen = revision;
    if (revision > this.state.index) this.state.index = revision;
    if (changes.length > 0) {
      for (const listener of this.listeners) {
        try {
          listener(changes);
        } catch (error) {
          this.log.error("a change of the cluster could not be followed", { error: errorMessage(error) });
        }
      }
    }
    for (const waiter of [...this.waiting]) {
      if (waiter.revision > this.seen) continue;
      this.waiting.delete(waiter);
      waiter.reached();
    }
  }

  private read({ kind, id }: { kind: Kind; id: string }, value: string | null, index: number): Change | null {
    try {
      return decodeChange(kind, id, value, index, this.key);
    } catch (error) {
      this.log.error("an object of the cluster cannot be read", { kind, id, error: errorMessage(error) });
      return null;
    }
  }

  private noteNode(nodeId: string, present: boolean): void {
    if (this.nodes.has(nodeId) === present) return;
    if (present) this.nodes.add(nodeId);
    else this.nodes.delete(nodeId);
    for (const listener of this.nodeListeners) listener(nodeId, present);
  }

  private noteLeader(nodeId: string): void {
    if (nodeId === this.leader) return;
    this.leader = nodeId;
    for (const listener of this.leaderListeners) listener();
  }
}

/** Milliseconds for the next try. */
const remaining = (end: number): number => Math.max(1, Math.min(shortPatience, end - performance.now()));

/** Why a transaction has changed nothing. */
function refusal({ found }: Outcome, won: number | null): Error {
  const leads = won === null || found[0]?.modRevision === won;
  return leads ? new OutOfSequence() : unavailable("this manager does not lead the cluster any more");
}

/** What must be true for a write; an absent key has version 0, and no other comparison holds for it. */
function condition(write: Write): object | null {
  if (write.at === undefined) return null;
  const key = btoa("put" in write ? objectKey(write.put, write.object.ID) : keyOf(write));
  return write.at === 0
    ? { key, target: "VERSION", result: "EQUAL", version: "0" }
    : { key, target: "MOD", result: "EQUAL", mod_revision: String(write.at) };
}

const keyOf = (write: Exclude<Write, { put: Kind }>): string =>
  objectKey("check" in write ? write.check : write.remove, write.id);
