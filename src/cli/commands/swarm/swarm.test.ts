/** `swarm`: what is sent, and what is said after it. */
import { expect, test } from "bun:test";
import { runCli, stubEngine } from "../../testing.ts";
import { listenAddress } from "./address-flags.ts";

const swarm = {
  Version: { Index: 9 },
  Spec: { Name: "default", EncryptionConfig: { AutoLockManagers: false } },
  JoinTokens: { Worker: "W", Manager: "M" },
};
const manager = { ID: "n1", ManagerStatus: { Addr: "10.0.0.1:2377" } };

test("init says how others join", async () => {
  await using engine = stubEngine({
    "POST /swarm/init": () => Response.json("n1"),
    "GET /nodes/n1": () => Response.json(manager),
    "GET /swarm": () => Response.json(swarm),
    "GET /swarm/unlockkey": () => Response.json({ UnlockKey: "K" }),
  });
  const flags = ["--advertise-addr", "10.0.0.1", "--autolock", "--task-history-limit", "3", "--listen-addr", "eth0"];
  const { code, stdout } = await runCli(["swarm", "init", ...flags, "--default-addr-pool", "10.1.2.3/8"], { engine });
  expect(code).toBe(0);
  expect(stdout).toStartWith("Swarm initialized: current node (n1) is now a manager.\n\nTo add a worker");
  expect(stdout).toContain("\n    berth swarm join --token W 10.0.0.1:2377\n");
  expect(stdout).toContain("\n    K\n");
  expect(engine.calls[0]?.body).toEqual({
    ListenAddr: "eth0:2377",
    AdvertiseAddr: "10.0.0.1",
    DataPathAddr: "",
    DataPathPort: 0,
    ForceNewCluster: false,
    Spec: {
      Labels: {},
      Orchestration: { TaskHistoryRetentionLimit: 3 },
      Raft: {},
      Dispatcher: {},
      CAConfig: {},
      TaskDefaults: {},
      EncryptionConfig: { AutoLockManagers: true },
    },
    AutoLockManagers: true,
    Availability: "",
    DefaultAddrPool: ["10.0.0.0/8"],
    SubnetSize: 24,
  });
});

test("a token is rotated and shown alone", async () => {
  await using engine = stubEngine({
    "GET /swarm": () => Response.json(swarm),
    "POST /swarm/update": () => new Response(""),
  });
  const run = await runCli(["swarm", "join-token", "-q", "--rotate", "worker"], { engine });
  expect(run).toEqual({ code: 0, stdout: "W\n", stderr: "" });
  expect(engine.calls[1]).toMatchObject({
    query: { rotateWorkerToken: "true", rotateManagerToken: "false", version: "9" },
    body: swarm.Spec,
  });
});

test("an update that changes nothing shows what it could", async () => {
  await using engine = stubEngine({});
  const { code, stdout } = await runCli(["swarm", "update"], { engine });
  expect(code).toBe(0);
  expect(stdout).toStartWith("Usage:  berth swarm update [OPTIONS]\n");
  expect(engine.calls).toEqual([]);
});

test("a key is asked for only where the node is locked", async () => {
  const states = { locked: 0, active: 1, inactive: 1 };
  for (const [LocalNodeState, code] of Object.entries(states)) {
    await using engine = stubEngine({
      "GET /info": () => Response.json({ Swarm: { LocalNodeState } }),
      "POST /swarm/unlock": () => new Response(""),
    });
    expect((await runCli(["swarm", "unlock"], { engine, stdin: "SWMKEY\n" })).code).toBe(code);
    if (code === 0) expect(engine.calls.at(-1)?.body).toEqual({ UnlockKey: "SWMKEY" });
  }
});

test.each([
  ["", "0.0.0.0:2377"],
  [":99", "0.0.0.0:99"],
  ["tcp://eth1", "eth1:2377"],
  ["[::1]:5", "[::1]:5"],
])("listens at %p as %s", (text, address) => expect(listenAddress(text)).toBe(address));
