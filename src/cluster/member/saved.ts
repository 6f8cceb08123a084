import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { PeerNode } from "../../api/types/swarm.ts";
import { EngineError } from "../../lib/errors.ts";
import { decodeJson } from "../../lib/parse-json.ts";
import { unlockKeyBytes } from "../ca/tokens.ts";
import { type Sealed, seal, unseal } from "../sealing.ts";

/** What this machine keeps of its place in a cluster. */
export interface Place {
  /** `founding`, `joining`: not done yet; whoever finds it after a crash undoes it. */
  phase: "founding" | "joining" | "member";
  nodeId: string;
  clusterId: string;
  cert: string;
  key: string;
  trust: string;
  /** Among managers: PEM of another certificate and its key; empty on workers. */
  peerCert: string;
  peerKey: string;
  /** The root of those certificates, PEM. */
  peerTrust: string;
  /** Among managers: what secrets are sealed with where the cluster is kept; base64. */
  storeKey: string;
  managers: PeerNode[];
  /** `host:port` where it serves nodes, if it is a manager. */
  listenAddr: string;
  /** `host:port` where others reach it as a manager. */
  advertiseAddr: string;
  /** Where data of overlay networks goes to; empty: to {@link advertiseAddr}. */
  dataPathAddr: string;
}

/** The host of `host:port`, an IPv6 address without its brackets. */
export const hostOf = (address: string): string => address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");

/** As it lies on disk: with the manager's private keys locked, or not. */
type Stored = Place & { locked?: Sealed };

type Keys = Pick<Place, "key" | "peerKey" | "storeKey">;
const withoutKeys: Keys = { key: "", peerKey: "", storeKey: "" };
const keysOf = ({ key, peerKey, storeKey }: Place): string => JSON.stringify({ key, peerKey, storeKey } satisfies Keys);

const directoryOf = (dataRoot: string) => join(dataRoot, "cluster");
const fileOf = (dataRoot: string) => join(directoryOf(dataRoot), "node.json");

/** The place that was kept; null: there is none. `locked`: its keys are empty, and {@link unlockPlace} has them. */
export function readPlace(dataRoot: string): { place: Place; locked: boolean } | null {
  if (!existsSync(fileOf(dataRoot))) return null;
  const { locked, ...place } = decodeJson<Stored>(readFileSync(fileOf(dataRoot), "utf8"));
  return { place, locked: locked !== undefined };
}

/** Replaces what is kept, all or nothing. `unlockKey`: whoever starts next must bring it; empty: nobody need. */
export function writePlace(dataRoot: string, place: Place, unlockKey: string): void {
  mkdirSync(directoryOf(dataRoot), { recursive: true, mode: 0o700 });
  const secret = unlockKey ? unlockKeyBytes(unlockKey) : null;
  const stored: Stored = secret ? { ...place, ...withoutKeys, locked: seal(keysOf(place), secret) } : place;
  const temporary = `${fileOf(dataRoot)}.new`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    writeSync(fd, JSON.stringify(stored));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, fileOf(dataRoot));
}

/** The place with its private keys. Throws `unauthorized` where the unlock key is another. */
export function unlockPlace(dataRoot: string, unlockKey: string): Place {
  const { locked, ...place } = decodeJson<Stored>(readFileSync(fileOf(dataRoot), "utf8"));
  const secret = unlockKeyBytes(unlockKey);
  if (!locked) return place;
  try {
    if (secret) return { ...place, ...decodeJson<Keys>(unseal(locked, secret)) };
  } catch {
    // It is another key's.
  }
  throw new EngineError("unauthorized", "swarm could not be unlocked: invalid key provided");
}

/** Forgets the place, and all that is kept beside it. */
export function removePlace(dataRoot: string): void {
  rmSync(fileOf(dataRoot), { force: true });
  rmSync(directoryOf(dataRoot), { recursive: true, force: true });
}
