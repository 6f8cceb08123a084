/**
 * The keys of a cluster in etcd, all of them:
 *
 *     /berth/object/KIND/ID    an object, as JSON without its version, which is the key's own
 *     /berth/alive/NODE        the manager that has the node, as long as that one's lease lasts
 *     /berth/leader            the node that leads, as long as its lease lasts
 *     /berth/mark/NODE         written in every commit of a manager's; its value is that commit's own
 */
import { type Kind, kinds } from "../model/objects.ts";

/** What all keys begin with. */
export const root = "/berth/";
/** Whose value is the id of the node that leads. */
export const leaderKey = `${root}leader`;

export const objectKey = (kind: Kind, id: string): string => `${root}object/${kind}/${id}`;
/** What the marks of all managers begin with: the youngest of them is as old as the last commit. */
export const marks = `${root}mark/`;
export const markKey = (nodeId: string): string => `${marks}${nodeId}`;

const alive = `${root}alive/`;
export const aliveKey = (nodeId: string): string => `${alive}${nodeId}`;
/** The node that a key is about; null: it is another kind of key. */
export const readAliveKey = (key: string): string | null => (key.startsWith(alive) ? key.slice(alive.length) : null);

/** What an object's key says; null: it is another kind of key. */
export function readObjectKey(key: string): { kind: Kind; id: string } | null {
  const [kindName, id, ...more] = key.startsWith(`${root}object/`) ? key.slice(`${root}object/`.length).split("/") : [];
  const kind = kinds.find((each) => each === kindName);
  return kind && id && more.length === 0 ? { kind, id } : null;
}
