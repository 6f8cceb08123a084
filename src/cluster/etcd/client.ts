import { EngineError, errorMessage, internal, unavailable } from "../../lib/errors.ts";

/** What Docker says where too few managers can be reached for anything to be decided. */
const noLeader =
  "The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the " +
  "managers are online.";

/** Milliseconds after which a call has failed. etcd itself gives up on what it cannot decide after 7 s. */
const patience = 8000;
/** The same where another try is worth more than a long wait: what is lost with its leader etcd never answers. */
export const shortPatience = 1500;
/** gRPC's codes that say: not now. */
const transient = new Set([4, 8, 14]);

/** etcd cannot decide now, or is away: what was asked for may have been done. Later it may be asked again. */
export class EtcdAway extends EngineError {
  constructor(message: string, cause?: unknown) {
    super("unavailable", message, { cause });
  }
}

/** A key with its value, as bytes in base64, and the number of the write that it is from. */
export interface KeyValue {
  key: string;
  value: string;
  modRevision: number;
}

/** Something that happened to a key; `value` null: it was deleted. */
export interface KeyEvent {
  key: string;
  value: string | null;
  revision: number;
}

/** One of etcd's members. */
export interface EtcdMember {
  ID: string;
  /** Empty until it has started once. */
  name: string;
  peerURLs: string[];
  isLearner: boolean;
}

/** What a watch cannot go on from: the past was compacted away. */
export class Compacted extends Error {
  override readonly name = "Compacted";
}

/**
 * Calls of etcd's JSON gateway ({@link https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/}) on the socket of this
 * machine's member. Keys and values are texts here. Calls throw `unavailable` where etcd cannot decide, or is away:
 * then what was asked for may have been done.
 */
export class EtcdClient {
  constructor(private readonly socket: string) {}

  /** All keys that begin with a text, at one moment. `serializable`: as this member knows it, without asking others. */
  async range(
    prefix: string,
    serializable: boolean,
    timeout = patience,
  ): Promise<{ revision: number; kvs: KeyValue[] }> {
    const kvs: KeyValue[] = [];
    let from = prefix;
    let revision = 0;
    for (let more = true; more; ) {
      const request = {
        key: btoa(from),
        range_end: btoa(endOf(prefix)),
        limit: pageSize,
        serializable,
        ...(revision > 0 && { revision: String(revision) }),
      };
      const reply = await this.call("kv/range", request, timeout);
      revision ||= revisionOf(reply);
      const page = listOf(reply["kvs"]).map(readKeyValue);
      kvs.push(...page);
      more = reply["more"] === true && page.length > 0;
      from = `${page.at(-1)?.key ?? ""}\0`;
    }
    return { revision, kvs };
  }

  /**
   * Does the operations of `success` if all comparisons hold, else those of `failure`. `found`: what the first of these
   * was to read. `revision`: the number of the write. Gives up after so many milliseconds.
   */
  async txn({ compare, success, failure = [] }: Transaction, timeout = patience): Promise<Outcome> {
    const reply = await this.call("kv/txn", { compare, success, failure }, timeout);
    const first = recordOf(recordOf(listOf(reply["responses"])[0])["response_range"]);
    return {
      succeeded: reply["succeeded"] === true,
      revision: revisionOf(reply),
      found: listOf(first["kvs"]).map(readKeyValue),
    };
  }

  /**
   * What happens to keys that begin with a text from a write on, in order, in batches; each write's events are in one.
   * Ends when the connection does. Throws {@link Compacted}.
   */
  async *watch(prefix: string, from: number, signal: AbortSignal): AsyncGenerator<KeyEvent[]> {
    const body = {
      create_request: { key: btoa(prefix), range_end: btoa(endOf(prefix)), start_revision: String(from) },
    };
    for await (const message of this.stream("watch", body, signal)) {
      const result = recordOf(message["result"]);
      if (result["canceled"] === true) throw new Compacted(String(result["cancel_reason"] ?? "canceled"));
      const events = listOf(result["events"]).map(readEvent);
      if (events.length > 0) yield events;
    }
  }

  /** A lease of so many seconds. Returns its id. */
  async grant(seconds: number): Promise<string> {
    return String((await this.call("lease/grant", { TTL: String(seconds) }, shortPatience))["ID"]);
  }

  /** Seconds that the lease has from now on; 0: it is over. */
  async keepAlive(lease: string, timeout: number): Promise<number> {
    const reply = await this.call("lease/keepalive", { ID: lease }, timeout);
    return Number(recordOf(reply["result"])["TTL"] ?? 0);
  }

  /** Ends a lease, with the keys that hang on it. */
  async revoke(lease: string): Promise<void> {
    await this.call("lease/revoke", { ID: lease }, shortPatience);
  }

  async members(): Promise<EtcdMember[]> {
    return listOf((await this.call("cluster/member/list", {}))["members"]).map(readMember);
  }

  /** A member that does not vote yet. Returns all, with it. */
  async addLearner(peerUrl: string): Promise<{ id: string; members: EtcdMember[] }> {
    const reply = await this.call("cluster/member/add", { peerURLs: [peerUrl], isLearner: true });
    return { id: readMember(recordOf(reply["member"])).ID, members: listOf(reply["members"]).map(readMember) };
  }

  /** Lets a member vote. Throws while it does not know all that the others do. */
  async promote(id: string): Promise<void> {
    await this.call("cluster/member/promote", { ID: id });
  }

  async removeMember(id: string): Promise<void> {
    await this.call("cluster/member/remove", { ID: id });
  }

  /** Sizes in bytes: of the file, and of what of it is in use. `id`: of the member that answers; `leader`: etcd's. */
  async status(): Promise<{ revision: number; size: number; inUse: number; id: string; leader: string }> {
    const reply = await this.call("maintenance/status", {});
    return {
      id: String(recordOf(reply["header"])["member_id"] ?? ""),
      leader: String(reply["leader"] ?? ""),
      revision: revisionOf(reply),
      size: Number(reply["dbSize"] ?? 0),
      inUse: Number(reply["dbSizeInUse"] ?? 0),
    };
  }

  /** Has another member lead etcd itself; only the one that does may say so. */
  async handOver(id: string): Promise<void> {
    await this.call("maintenance/transfer-leadership", { targetID: id });
  }

  /** Forgets what keys were before a write. */
  async compact(revision: number): Promise<void> {
    await this.call("kv/compaction", { revision: String(revision), physical: true });
  }

  /** Gives free room of the file back. Nobody is answered meanwhile. */
  async defragment(): Promise<void> {
    await this.call("maintenance/defragment", {}, 60_000);
  }

  /** Whether members have said that their room is used up: nothing is written then. */
  async isFull(): Promise<boolean> {
    const reply = await this.call("maintenance/alarm", { action: "GET" });
    return listOf(reply["alarms"]).some((alarm) => recordOf(alarm)["alarm"] === "NOSPACE");
  }

  async disarm(): Promise<void> {
    for (const alarm of listOf((await this.call("maintenance/alarm", { action: "GET" }))["alarms"]))
      await this.call("maintenance/alarm", { ...recordOf(alarm), action: "DEACTIVATE" });
  }

  private async call(path: string, body: object, timeout = patience): Promise<Record<string, unknown>> {
    const response = await this.post(path, body, AbortSignal.timeout(timeout));
    let reply: Record<string, unknown>;
    try {
      // A stream of one message has the shape of the message.
      reply = recordOf(JSON.parse(await response.text()));
    } catch (cause) {
      throw new EtcdAway(`etcd does not answer ${path}: ${errorMessage(cause)}`, cause);
    }
    if (!response.ok || reply["error"] !== undefined) throw failure(path, reply);
    return reply;
  }

  private async *stream(path: string, body: object, signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
    const response = await this.post(path, body, signal);
    if (!response.ok || !response.body) throw failure(path, recordOf(JSON.parse(await response.text())));
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk, { stream: true });
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        if (line !== "") yield recordOf(JSON.parse(line));
      }
    }
  }

  private async post(path: string, body: object, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(`http://etcd/v3/${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        unix: this.socket,
        signal,
        // A watch may be still for as long as nothing happens.
        timeout: false,
      } as RequestInit & { unix: string; timeout: false });
    } catch (cause) {
      throw new EtcdAway(signal.aborted ? noLeader : `etcd is away: ${errorMessage(cause)}`, cause);
    }
  }
}

/** Comparisons and operations, as etcd's JSON has them; at most 128 of each. */
export interface Transaction {
  compare: readonly object[];
  success: readonly object[];
  failure?: readonly object[];
}

/** How a transaction has ended. */
export interface Outcome {
  succeeded: boolean;
  revision: number;
  found: KeyValue[];
}

/** Keys that are asked for at once: answers stay below 4 MiB. */
const pageSize = 500;

/** The first text behind all that begin with this one. */
const endOf = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

/** etcd's own words, but where Docker has some. */
function failure(path: string, reply: Record<string, unknown>): EngineError {
  const inner = recordOf(reply["error"]);
  const text = String(inner["message"] ?? reply["message"] ?? reply["error"] ?? "no reason");
  const code = Number(inner["grpc_code"] ?? reply["code"] ?? 0);
  if (text.includes("database space exceeded"))
    return unavailable("the cluster's memory is full: etcd takes no writes");
  if (/no leader|timed out|leader changed|leader failure|proposal dropped|deadline/i.test(text))
    return new EtcdAway(noLeader, text);
  return transient.has(code) ? new EtcdAway(`etcd: ${text}`) : internal(`etcd: ${path}: ${text}`);
}

const recordOf = (value: unknown): Record<string, unknown> =>
  // The border: what is no object has no fields.
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.map(recordOf) : []);
const revisionOf = (reply: Record<string, unknown>): number => Number(recordOf(reply["header"])["revision"] ?? 0);
const textOf = (value: unknown): string => Buffer.from(String(value ?? ""), "base64").toString();

const readKeyValue = (kv: Record<string, unknown>): KeyValue => ({
  key: textOf(kv["key"]),
  value: textOf(kv["value"]),
  modRevision: Number(kv["mod_revision"] ?? 0),
});

/** A put has no `type`, as it is the first of its enumeration. */
function readEvent(event: Record<string, unknown>): KeyEvent {
  const { key, value, modRevision } = readKeyValue(recordOf(event["kv"]));
  return { key, value: event["type"] === "DELETE" ? null : value, revision: modRevision };
}

const readMember = (member: Record<string, unknown>): EtcdMember => ({
  ID: String(member["ID"] ?? ""),
  name: String(member["name"] ?? ""),
  peerURLs: Array.isArray(member["peerURLs"]) ? member["peerURLs"].map(String) : [],
  isLearner: member["isLearner"] === true,
});
