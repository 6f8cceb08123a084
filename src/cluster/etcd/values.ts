import { decodeJson } from "../../lib/parse-json.ts";
import type { Kind } from "../model/objects.ts";
import type { Change } from "../model/state.ts";
import { type Sealed, seal, unseal } from "../sealing.ts";

/** Kinds that are written so that only managers can read them, whoever gets hold of etcd's files. */
const sealedKinds: ReadonlySet<Kind> = new Set(["cluster-keys", "secret"]);

/** An object as etcd has it: JSON; of some kinds it is sealed where there is a key. */
export function encodeValue(kind: Kind, object: { ID: string }, key: Buffer | null): string {
  const text = JSON.stringify(object);
  if (!key || !sealedKinds.has(kind)) return text;
  return JSON.stringify({ sealed: seal(text, key, `${kind}/${object.ID}`) });
}

/** The change that a value is. Throws where the key is another, or it is no object. */
export function decodeChange(kind: Kind, id: string, value: string | null, index: number, key: Buffer | null): Change {
  // The border: an absent object is of every kind.
  if (value === null) return { kind, id, object: null } as Change;
  let object = decodeJson<{ sealed?: Sealed } | null>(value);
  if (object?.sealed) {
    if (!key) throw new Error("it is sealed, and there is no key");
    object = decodeJson(unseal(object.sealed, key, `${kind}/${id}`));
  }
  if (typeof object !== "object" || object === null) throw new Error("it is no object");
  // The border: only stores write these keys, from objects of their kind.
  return { kind, id, object: { ...object, Version: { Index: index } } } as Change;
}
