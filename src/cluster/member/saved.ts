import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
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
type Stored = Place & { locked?: { iv: string; tag: string; data: string } };

type Keys = Pick<Place, "key" | "peerKey">;
const withoutKeys: Keys = { key: "", peerKey: "" };
const keysOf = ({ key, peerKey }: Place): string => JSON.stringify({ key, peerKey } satisfies Keys);

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

function seal(text: string, key: Buffer) {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return { iv: iv.toString("base64"), tag: cipher.getAuthTag().toString("base64"), data: data.toString("base64") };
}

function unseal({ iv, tag, data }: { iv: string; tag: string; data: string }, key: Buffer): string {
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64"));
  decipher.setAuthTag(Buffer.from(tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]).toString("utf8");
}
