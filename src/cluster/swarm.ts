import type { SwarmInitRequest, SwarmJoinRequest } from "../api/schema/swarm.ts";
import type { SwarmInfo, SwarmSpec } from "../api/types/swarm.ts";
import { unavailable } from "../lib/errors.ts";
import type { ManagerDeps } from "./deps.ts";
import { notASwarmManager, notPartOfASwarm } from "./not-here.ts";

/** What `POST /swarm/update` makes anew beside what the specification says. */
export interface Rotation {
  workerToken: boolean;
  managerToken: boolean;
  managerUnlockKey: boolean;
}

/** This engine as a part of a cluster, or of none: what the API's calls and the daemon's life ask of it. */
export interface Swarm {
  /** Makes a cluster with this engine as its first manager. Returns the node's id. A failure leaves nothing. */
  init(request: SwarmInitRequest): Promise<string>;
  /** Makes this engine a node of a cluster. A failure leaves nothing. */
  join(request: SwarmJoinRequest): Promise<void>;
  /** Takes this engine out of its cluster, with its tasks. A manager only goes with `force`. */
  leave(force: boolean): Promise<void>;
  /** Gives a locked manager its key. Throws `conflict` where nothing is locked, `unauthorized` on a wrong key. */
  unlock(key: string): Promise<void>;
  /** Empty: managers are not locked. */
  unlockKey(): Promise<string>;
  /** Changes the cluster's settings. Throws `conflict` where they are not of this version any more. */
  update(version: number, spec: SwarmSpec, rotation: Rotation): Promise<void>;
  /** `Swarm` of `GET /info`. */
  info(): SwarmInfo;
  /** The header `Swarm` of `/_ping`. */
  pingState(): string;
  /** What the verbs of managers work upon. Throws `unavailable` where this engine is none. */
  manager(): ManagerDeps;
}

/** The engine's place in a cluster, as the files of its data root say. */
export function openSwarm(): Swarm {
  const cannot = () => Promise.reject(unavailable("swarm mode is not supported by this engine yet"));
  return {
    init: cannot,
    join: cannot,
    leave: () => Promise.reject(notPartOfASwarm()),
    unlock: () => Promise.reject(notASwarmManager()),
    unlockKey: () => Promise.reject(notASwarmManager()),
    update: () => Promise.reject(notASwarmManager()),
    info: () => ({
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    }),
    pingState: () => "inactive",
    manager() {
      throw notASwarmManager();
    },
  };
}
