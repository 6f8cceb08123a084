import { readlinkSync, writeFileSync } from "node:fs";
import { unavailable } from "../lib/errors.ts";
import { run } from "../lib/run.ts";
import { close, O } from "./at.ts";
import type { IdMaps, IdRange } from "./id-maps.ts";
import { check, cstr, libc, ptr } from "./syscall.ts";

/** Namespaces that were made, by their maps: one is as good as another. They stay open for the process's life. */
const made = new Map<string, Promise<number>>();

/** A user namespace with these maps that nobody else is in, until it is let go of. Needs the program unshare. */
export async function newUserNamespace(maps: IdMaps): Promise<Disposable & { fd: number; path: string }> {
  const fd = await makeNamespace(maps);
  return { fd, path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => close(fd) };
}

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

async function makeNamespace({ uids, gids }: IdMaps): Promise<number> {
  return withProcess(["unshare", "--user"], "user", (pid) => {
    writeFileSync(`/proc/${pid}/uid_map`, mapText(uids));
    writeFileSync(`/proc/${pid}/gid_map`, mapText(gids));
    const path = `/proc/${pid}/ns/user`;
    return check(libc.open(ptr(cstr(path)), O.RDONLY | O.CLOEXEC, 0), "open", path);
  });
}

/**
 * A namespace lives as long as somebody is in it or holds it: a process enters one of its own by the program `enter`,
 * and ends when `hold` has taken hold of it. `kind`: as /proc/self/ns names it.
 */
export async function withProcess<T>(
  enter: readonly [string, ...string[]],
  kind: "user" | "net",
  hold: (pid: number) => T,
): Promise<T> {
  const enough = new AbortController();
  const started = Promise.withResolvers<number>();
  const ended = run([...enter, "sleep", "60"], { started: started.resolve, signal: enough.signal });
  const failed = ended.then(({ stderr }) => {
    throw unavailable(`cannot make a namespace: ${stderr.trim()}`);
  });
  failed.catch(() => {});
  try {
    const pid = await Promise.race([started.promise, failed]);
    await Promise.race([inNamespaceOfItsOwn(pid, kind), failed]);
    return hold(pid);
  } finally {
    enough.abort();
    await ended.catch(() => {});
  }
}

async function inNamespaceOfItsOwn(pid: number, kind: "user" | "net"): Promise<void> {
  const namespace = (of: number | "self") => {
    try {
      return readlinkSync(`/proc/${of}/ns/${kind}`);
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
