/** `/swarm/*`. */
import type { Swarm, SwarmSpec } from "../api/types/swarm.ts";
import type { Client } from "./client.ts";

/** The body of `POST /swarm/init`; what is empty or zero the engine chooses. */
export interface SwarmInit {
  ListenAddr: string;
  AdvertiseAddr: string;
  DataPathAddr: string;
  DataPathPort: number;
  ForceNewCluster: boolean;
  Spec: SwarmSpec;
  AutoLockManagers: boolean;
  Availability: string;
  DefaultAddrPool: string[];
  SubnetSize: number;
}

/** The body of `POST /swarm/join`. */
export interface SwarmJoin {
  ListenAddr: string;
  AdvertiseAddr: string;
  DataPathAddr: string;
  RemoteAddrs: string[];
  JoinToken: string;
  Availability: string;
}

/** What a change of the swarm makes anew besides. */
export interface Rotation {
  workerToken?: boolean;
  managerToken?: boolean;
  managerUnlockKey?: boolean;
}

/** The swarm that the engine manages. Throws {@link ApiError} (503) where it manages none. */
export function inspectSwarm(client: Client): Promise<NonNullable<Swarm>> {
  return client.json("GET", "/swarm");
}

/** Begins a swarm and returns the id of its first node. */
export function initSwarm(client: Client, body: SwarmInit): Promise<string> {
  return client.json("POST", "/swarm/init", { json: body });
}

/** Makes the engine a node of a swarm. */
export async function joinSwarm(client: Client, body: SwarmJoin): Promise<void> {
  await client.text("POST", "/swarm/join", { json: body });
}

/** `force`: also a manager whose swarm needs it. */
export async function leaveSwarm(client: Client, force = false): Promise<void> {
  await client.text("POST", "/swarm/leave", { query: { force } });
}

/** Changes the swarm that was read at `version`, and makes anew what `rotation` says. */
export async function updateSwarm(
  client: Client,
  version: number,
  spec: SwarmSpec,
  { workerToken = false, managerToken = false, managerUnlockKey = false }: Rotation = {},
): Promise<void> {
  await client.text("POST", "/swarm/update", {
    query: {
      rotateManagerToken: String(managerToken),
      rotateManagerUnlockKey: String(managerUnlockKey),
      rotateWorkerToken: String(workerToken),
      version,
    },
    json: spec,
  });
}

/** The key that unlocks managers; empty where none is needed. */
export async function swarmUnlockKey(client: Client): Promise<string> {
  const { UnlockKey = "" } = await client.json<{ UnlockKey?: string }>("GET", "/swarm/unlockkey");
  return UnlockKey;
}

/** Unlocks the manager that the engine is. */
export async function unlockSwarm(client: Client, key: string): Promise<void> {
  await client.text("POST", "/swarm/unlock", { json: { UnlockKey: key } });
}
