import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { issueEtcd, newRequest } from "../../../src/cluster/ca/issue.ts";
import { newRoot } from "../../../src/cluster/ca/root.ts";
import { EtcdBackings } from "../../../src/cluster/etcd/backings.ts";
import { EtcdClient } from "../../../src/cluster/etcd/client.ts";
import { peerName } from "../../../src/cluster/etcd/member.ts";
import { EtcdStore } from "../../../src/cluster/etcd/store.ts";
import { storeSuite } from "../../../src/cluster/store/store.suite.ts";
import { silent } from "../../../src/lib/log.ts";
import { secret, storeKey, until } from "./managers.ts";

const folder = mkdtempSync("/tmp/berth-etcd-");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A manager's part of a cluster's memory, on an address of the loopback interface of its own. */
async function manager(number: number, root: Awaited<ReturnType<typeof newRoot>>) {
  const address = `127.0.0.${number}`;
  const { key, request } = await newRequest();
  const cert = await issueEtcd(root, request, "cluster", [address, peerName]);
  const place = { dataRoot: `${folder}/${number}`, execRoot: `${folder}/run${number}`, program: "/usr/bin/etcd" };
  const backings = new EtcdBackings(place, silent);
  const who = { nodeId: `node${number}`, clusterId: "cluster", address, cert, key, trust: root.cert, storeKey };
  return { backings, who, socket: `${place.execRoot}/etcd/client:1` };
}

let free = 11;
storeSuite({
  title: "etcd",
  open: async () => {
    const { backings, who, socket } = await manager(free++, await newRoot());
    const backing = await backings.found(who);
    const others: EtcdStore[] = [];
    return {
      store: backing.store,
      again: async () => {
        const other = await EtcdStore.open(
          new EtcdClient(socket),
          { nodeId: "other", key: Buffer.from(storeKey, "base64") },
          silent,
        );
        others.push(other);
        return other;
      },
      close: async () => {
        await Promise.all(others.map((other) => other.close()));
        await backing.close();
        await backings.remove();
      },
    };
  },
});

test("three members: one leads; when it is gone, another does, and nothing that was written is lost", async () => {
  const root = await newRoot();
  const managers = await Promise.all([31, 32, 33].map((number) => manager(number, root)));
  const [first, ...more] = managers;
  if (!first) throw new Error("no manager");
  const founder = await first.backings.found(first.who);
  const backings = [founder];
  for (const { who, backings: own } of more)
    backings.push(await own.join(who, await founder.admit({ nodeId: who.nodeId, address: who.address })));
  const leads: string[] = [];
  const standing = backings.map((backing, i) =>
    backing.campaign(async (signal) => {
      leads.push(managers[i]?.who.nodeId ?? "");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    }),
  );
  await until(() => leads.length === 1 && backings.every((backing) => backing.leader() === leads[0]));
  for (let i = 0; i < 20; i++) await backings[i % 3]?.store.commit([secret(`s${i}`)]);

  const lost = managers.findIndex(({ who }) => who.nodeId === leads[0]);
  standing[lost]?.[Symbol.dispose]();
  await backings[lost]?.close();
  await managers[lost]?.backings.remove();
  const left = backings.filter((_, i) => i !== lost);
  await until(() => leads.length === 2 && left.every((backing) => backing.leader() === leads[1]));
  await left[0]?.dismiss(managers[lost]?.who.nodeId ?? "");
  await left[1]?.store.commit([secret("after")]);
  await left[0]?.store.sync();
  expect([...(left[0]?.store.state.all("secret") ?? [])]).toHaveLength(21);

  for (const one of standing) one[Symbol.dispose]();
  for (const backing of left) await backing.close();
  for (const { backings: own } of managers) await own.remove();
}, 60_000);

test("a daemon's end leaves the member running; the next takes it up", async () => {
  const { backings, who } = await manager(41, await newRoot());
  const before = await backings.found(who);
  await before.store.commit([secret("kept")]);
  await before.close();
  const after = await backings.open(who);
  expect(after.store.state.get("secret", "kept")?.Spec.Name).toBe("kept");
  await after.store.commit([secret("more")]);
  await after.close();
  await backings.remove();
});

test("a node that no manager has is lost; a manager that goes gives back what hung on it", async () => {
  const root = await newRoot();
  const [one, two] = await Promise.all([41, 42].map((number) => manager(number, root)));
  if (!one || !two) throw new Error("two");
  const first = await one.backings.found(one.who);
  first.campaign((signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
  const second = await two.backings.join(two.who, await first.admit(two.who));
  second.campaign((signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
  await until(() => second.leader() === one.who.nodeId);
  const lost: string[] = [];
  second.liveness.onLost((id) => lost.push(id));
  await first.liveness.hold("n1");
  await first.liveness.hold("n2");
  await until(() => second.liveness.nodes.size === 2);
  await second.liveness.hold("n2");
  await first.liveness.release("n2");
  await first.dismiss(one.who.nodeId);
  await first.close();
  await one.backings.remove();
  await until(() => second.leader() === two.who.nodeId && lost.length > 0);
  expect(lost).toEqual(["n1"]);
  expect([...second.liveness.nodes]).toEqual(["n2"]);
  await second.store.commit([secret("c")]);
  await second.close();
  await two.backings.remove();
}, 60_000);

test("what is secret is in etcd for those with the key alone", async () => {
  const { backings, who, socket } = await manager(61, await newRoot());
  const backing = await backings.found(who);
  const config = { ID: "open", Spec: { Name: "shown", Labels: {}, Data: "b3Blbg==" } };
  const hidden = { ID: "closed", Spec: { Name: "hidden-name", Labels: {}, Data: "aGlkZGVu" } };
  await backing.store.commit([
    { put: "config", object: config },
    { put: "secret", object: hidden },
  ]);
  const client = new EtcdClient(socket);
  const raw = JSON.stringify((await client.range("/berth/", false)).kvs);
  expect(raw).toContain("b3Blbg==");
  expect(raw).not.toContain("aGlkZGVu");
  expect(raw).not.toContain("hidden-name");
  for (const key of [null, Buffer.alloc(32, 8)]) {
    const stranger = await EtcdStore.open(client, { nodeId: "stranger", key }, silent);
    expect(stranger.state.get("config", "open")?.Spec.Data).toBe("b3Blbg==");
    expect(stranger.state.get("secret", "closed")).toBeUndefined();
    await stranger.close();
  }
  // Another object's value is not taken for one's own.
  const [closed] = (await client.range("/berth/object/secret/", false)).kvs;
  const put = { key: btoa("/berth/object/secret/forged"), value: btoa(closed?.value ?? "") };
  await client.txn({ compare: [], success: [{ request_put: put }] });
  await backing.store.sync();
  await backing.store.commit([secret("later")]);
  expect(backing.store.state.get("secret", "forged")).toBeUndefined();
  expect(backing.store.state.get("secret", "closed")?.Spec.Data).toBe("aGlkZGVu");
  await backing.close();
  await backings.remove();
});
