import { readlinkSync, writeFileSync } from "node:fs";
import { unavailable } from "../lib/errors.ts";
import { type RunResult, run } from "../lib/run.ts";
import { O } from "./at.ts";
import { check, cstr, libc, ptr } from "./syscall.ts";

/** `count` ids from `inside` on are those from `outside` on; see user_namespaces(7). */
export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

/** Ids of a user namespace, and what they are outside of it. */
export interface IdMaps {
  uids: readonly IdRange[];
  gids: readonly IdRange[];
}

/** Namespaces that were made, by their maps: one is as good as another. They stay open for the process's life. */
const made = new Map<string, Promise<number>>();

/** A descriptor of a user namespace with these maps, which stays open. Needs the program unshare. */
export function userNamespace(maps: IdMaps): Promise<number> {
  const key = JSON.stringify([maps.uids, maps.gids]);
  const known = made.get(key);
  if (known) return known;
  const namespace = makeNamespace(maps);
  made.set(key, namespace);
  namespace.catch(() => made.delete(key));
  return namespace;
}

/** A namespace lives as long as somebody is in it or holds it: a process enters it, and ends once it is held. */
async function makeNamespace({ uids, gids }: IdMaps): Promise<number> {
  const enough = new AbortController();
  const started = Promise.withResolvers<number>();
  const ended = run(["unshare", "--user", "sleep", "60"], { started: started.resolve, signal: enough.signal });
  try {
    const pid = await Promise.race([started.promise, ended.then(failed)]);
    await Promise.race([inNamespaceOfItsOwn(pid), ended.then(failed)]);
    writeFileSync(`/proc/${pid}/uid_map`, mapText(uids));
    writeFileSync(`/proc/${pid}/gid_map`, mapText(gids));
    const path = `/proc/${pid}/ns/user`;
    return check(libc.open(ptr(cstr(path)), O.RDONLY | O.CLOEXEC, 0), "open", path);
  } finally {
    enough.abort();
    await ended.catch(() => {});
  }
}

function failed({ stderr }: RunResult): never {
  throw unavailable(`cannot make a user namespace: ${stderr.trim()}`);
}

async function inNamespaceOfItsOwn(pid: number): Promise<void> {
  const namespace = (of: number | "self") => {
    try {
      return readlinkSync(`/proc/${of}/ns/user`);
    } catch {
      // It has just ended, which its end tells.
      return undefined;
    }
  };
  const ours = namespace("self");
  for (let now = namespace(pid); now === ours; now = namespace(pid)) await Bun.sleep(1);
}

const mapText = (ranges: readonly IdRange[]) =>
  ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join("");
