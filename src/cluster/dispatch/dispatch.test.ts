import { afterEach, expect, test } from "bun:test";
import { silent } from "../../lib/log.ts";
import { identityOf } from "../ca/identity.ts";
import { issueNode, newRequest, usualLifetime } from "../ca/issue.ts";
import { newRoot, type Root, tlsInfo } from "../ca/root.ts";
import { newJoinToken } from "../ca/tokens.ts";
import type { TaskObject } from "../model/objects.ts";
import { MemoryBackings } from "../testing/memory-backings.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { Dispatcher } from "./dispatcher.ts";
import { enterCluster, renewCertificate } from "./enter.ts";
import { callJson } from "./json-calls.ts";
import { watchLostNodes } from "./lost-nodes.ts";
import { type Item, paths, rootAnswer, type Surroundings, type TaskWord } from "./messages.ts";
import { NodeSession } from "./node-session.ts";
import { type Credentials, dialManager, type Listening, listenForNodes } from "./transport.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 400) throw new Error(`not within 8 s: ${what}`);
    await Bun.sleep(20);
  }
}

async function credentialsFor(root: Root, nodeId: string, role: "worker" | "manager", lifetime = usualLifetime) {
  const { key, request } = await newRequest();
  const cert = await issueNode(root, request, { nodeId, role, clusterId: "c1" }, lifetime);
  return { cert, key, trust: root.cert };
}

async function manager() {
  const store = new MemoryStore();
  const root = await newRoot();
  const tokens = { Worker: newJoinToken(root.cert), Manager: newJoinToken(root.cert) };
  await store.commit([
    {
      put: "cluster",
      object: {
        ID: "c1",
        Spec: { Name: "default" },
        TLSInfo: await tlsInfo(root.cert),
        RootRotationInProgress: false,
        DefaultAddrPool: [],
        SubnetSize: 24,
        DataPathPort: 4789,
      },
    },
    {
      put: "cluster-keys",
      object: {
        ID: "c1",
        RootCert: root.cert,
        RootKey: root.key,
        PeerRootCert: "",
        PeerRootKey: "",
        JoinTokens: tokens,
        UnlockKey: "",
      },
    },
  ]);
  const credentials = await credentialsFor(root, "m1", "manager");
  const backing = await new MemoryBackings(store).open({ nodeId: "m1" });
  const { liveness } = backing;
  const leading = new AbortController();
  watchLostNodes({ store, log: silent, liveness }, leading.signal);
  const dispatcher = new Dispatcher({
    store,
    liveness,
    log: silent,
    nodeId: "m1",
    clusterId: "c1",
    credentials: () => credentials,
    admit: async () => ({ told: "told", storeKey: "key" }),
    managers: () => [{ NodeID: "m1", Addr: `127.0.0.1:${listening.port}` }],
  });
  const listening: Listening = await listenForNodes(
    { host: "127.0.0.1", port: 0 },
    () => credentials,
    (peer, refusal) => dispatcher.methodsFor(peer, refusal),
  );
  closing.push(() => {
    leading.abort();
    dispatcher.close();
    listening.close();
  });
  return { store, root, tokens, dispatcher, address: `127.0.0.1:${listening.port}` };
}

function session(address: string, credentials: Credentials, told: TaskWord[] = []) {
  const taken: { items: Item[]; all: boolean }[] = [];
  const seen: { surroundings?: Surroundings; removed: boolean } = { removed: false };
  const link = new NodeSession({
    log: silent,
    credentials: () => credentials,
    managers: () => [address],
    hello: async () => ({ description: { Hostname: "h" }, addr: "", dataPathAddr: "", managerAddr: "" }),
    told: () => told,
    take({ items, surroundings }, all) {
      if (items) taken.push({ items, all });
      if (surroundings) seen.surroundings = surroundings;
    },
    async *answer({ task }) {
      for (let n = 0; ; n++) yield new TextEncoder().encode(`${task} ${n}`.padEnd(10_000));
    },
    removed: () => (seen.removed = true),
  });
  closing.push(() => link.close());
  return { link, taken, seen };
}

const taskFor = (
  ID: string,
  NodeID: string,
  secret: string,
): Omit<TaskObject, "Version" | "CreatedAt" | "UpdatedAt"> => ({
  ID,
  Spec: { ContainerSpec: { Image: "x", Secrets: [{ SecretID: secret, SecretName: secret }] } },
  SpecVersion: 1,
  ServiceID: "s1",
  ServiceName: "web",
  ServiceLabels: {},
  Slot: 1,
  NodeID,
  Status: { State: "assigned", Timestamp: "", Message: "" },
  DesiredState: "running",
  Networks: [],
  Ports: [],
});

const secret = (ID: string) =>
  ({ put: "secret", object: { ID, Spec: { Name: ID, Labels: {}, Data: "eA==" } } }) as const;

test("a token makes a machine a node; another one, or another cluster's, does not", async () => {
  const { store, address, tokens, root } = await manager();
  const member = await enterCluster(address, tokens.Worker, "drain");
  expect(identityOf(member.cert)).toMatchObject({ nodeId: member.nodeId, role: "worker", clusterId: "c1" });
  expect(store.state.get("node", member.nodeId)?.Spec).toEqual({ Role: "worker", Availability: "drain", Labels: {} });
  expect((await enterCluster(address, tokens.Manager, "active")).role).toBe("manager");

  expect(enterCluster(address, newJoinToken(root.cert), "active")).rejects.toThrow("A valid join token is necessary");
  const other = newJoinToken((await newRoot()).cert);
  expect(enterCluster(address, other, "active")).rejects.toThrow("remote CA does not match fingerprint. Expected: ");
  expect(enterCluster("127.0.0.1:1", tokens.Worker, "active")).rejects.toThrow(
    'connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"',
  );
});

test("strangers, foreign and expired certificates may not do what nodes may", async () => {
  const { address, root } = await manager();
  const foreign = { ...(await credentialsFor(await newRoot(), "m1", "manager")), trust: root.cert };
  const expired = await credentialsFor(root, "n1", "worker", -1000);
  const late = { ...expired, trust: root.cert };
  for (const [credentials, why] of [
    [{ trust: root.cert }, "a certificate is needed"],
    [foreign, "the node's certificate is not of this cluster"],
    [late, "the node's certificate has expired"],
  ] as const) {
    const client = await dialManager(address, { manager: credentials });
    expect(callJson(client, paths.renew, { request: "x" }, rootAnswer)).rejects.toThrow(why);
    expect((await callJson(client, paths.root, {}, rootAnswer)).trust).toBe(root.cert);
    client.close();
  }
  expect(dialManager(address, { manager: { trust: (await newRoot()).cert } })).rejects.toThrow("no manager of this");
});

test("a node has what is its own, then what changes; what it says of itself is written down", async () => {
  const { store, address, tokens } = await manager();
  const one = await enterCluster(address, tokens.Worker, "active");
  const two = await enterCluster(address, tokens.Worker, "active");
  await store.commit([
    secret("x1"),
    secret("x2"),
    { put: "task", object: taskFor("t1", one.nodeId, "x1") },
    { put: "task", object: taskFor("t2", two.nodeId, "x2") },
  ]);
  const word: TaskWord = {
    id: "t1",
    Status: { State: "running", Timestamp: "now", Message: "started" },
    Healthy: true,
  };
  const { link, taken, seen } = session(address, one, [word, { ...word, id: "t2" }]);
  await until("the first items", () => taken.length > 0);
  expect(taken[0]?.all).toBe(true);
  expect(taken[0]?.items.map(({ kind, id }) => `${kind} ${id}`)).toEqual(["secret x1", "task t1"]);
  expect(seen.surroundings).toMatchObject({
    role: "worker",
    renew: false,
    managers: [{ NodeID: "m1", Addr: address }],
  });
  await until("its report", () => store.state.get("task-report", "t1") !== undefined);
  expect(store.state.get("node-report", one.nodeId)).toMatchObject({
    Status: { State: "ready", Addr: "127.0.0.1" },
    DataPathAddr: "127.0.0.1",
    Description: { Hostname: "h" },
  });
  // Of a task that is another's it has nothing to say.
  expect(store.state.get("task-report", "t2")).toBeUndefined();

  await store.commit([{ put: "task", object: { ...taskFor("t1", one.nodeId, "x1"), DesiredState: "remove" } }]);
  await until("the change", () => taken.length > 1);
  expect(taken[1]?.items).toMatchObject([{ kind: "task", id: "t1", object: { task: { DesiredState: "remove" } } }]);
  link.tell({ ...word, Status: { ...word.Status, State: "shutdown" } });
  await until("the secret is taken away", () => taken.length > 2);
  expect(taken[2]?.items).toEqual([{ kind: "secret", id: "x1", object: null }]);
  await store.commit([{ remove: "task", id: "t1" }]);
  await until("the task is taken away", () => taken.length > 3);
  expect(taken[3]?.items).toEqual([{ kind: "task", id: "t1", object: null }]);
});

test("a node that goes is down after a while, and ready when it comes back; one that was removed is told", async () => {
  const { store, address, tokens } = await manager();
  const one = await enterCluster(address, tokens.Worker, "active");
  const state = () => store.state.get("node-report", one.nodeId)?.Status;
  const first = session(address, one);
  await until("ready", () => state()?.State === "ready");
  first.link.close();
  await until("down", () => state()?.State === "down");
  expect(state()?.Message).toBe("heartbeat failure");
  const second = session(address, one);
  await until("ready again", () => state()?.State === "ready");
  await store.commit([{ put: "node", object: { ...nodeOf(store, one.nodeId), IngressAddr: "10.0.0.3/24" } }]);
  const promoted = {
    ...nodeOf(store, one.nodeId),
    Spec: { Role: "manager", Availability: "active", Labels: {} },
  } as const;
  await store.commit([{ put: "node", object: promoted }]);
  await until("its new role", () => second.seen.surroundings?.renew === true);
  expect((await renewCertificate(address, one)).role).toBe("manager");
  await store.commit([{ remove: "node", id: one.nodeId }]);
  await until("it is told", () => second.seen.removed);
  expect(renewCertificate(address, one)).rejects.toThrow(`node ${one.nodeId} not found`);
});

function nodeOf(store: MemoryStore, id: string) {
  const node = store.state.get("node", id);
  if (!node) throw new Error("no node");
  const { Version, CreatedAt, UpdatedAt, ...draft } = node;
  return draft;
}

test("a node answers a manager, as fast as that reads, until it has heard enough", async () => {
  const { store, address, tokens, dispatcher, root } = await manager();
  const one = await enterCluster(address, tokens.Worker, "active");
  session(address, one);
  await until("ready", () => store.state.get("node-report", one.nodeId)?.Status.State === "ready");
  const enough = new AbortController();
  const heard: string[] = [];
  const asking = async () => {
    for await (const bytes of dispatcher.askLogs(one.nodeId, "cid", {}, enough.signal)) {
      heard.push(new TextDecoder().decode(bytes).trim());
      if (heard.length === 50) enough.abort(new Error("enough"));
    }
  };
  expect(asking()).rejects.toThrow("enough");
  await until("50 answers", () => heard.length === 50);
  expect(heard[49]).toBe("cid 49");
  // A worker may not ask what another one's containers write.
  const client = await dialManager(address, { manager: { ...one, trust: root.cert } });
  const request = { nodeId: one.nodeId, task: "cid", options: {} };
  expect(callJson(client, paths.relay, request, rootAnswer)).rejects.toThrow("only managers may ask this");
  client.close();
});
