import { readFileSync, readlinkSync } from "node:fs";

/** First descriptor that socket activation passes (sd_listen_fds(3)). */
const first = 3;

/** A listening socket that the service manager opened for this process. */
export interface PassedSocket {
  fd: number;
  /** Where clients find it; null: not at a path. */
  path: string | null;
}

/** The first `count` sockets that were passed in. */
export function passedSockets(count: number): PassedSocket[] {
  if (count === 0) return [];
  const paths = pathsByInode();
  return Array.from({ length: count }, (_, at) => {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${first + at}`))?.[1] ?? "";
    return { fd: first + at, path: paths.get(inode) ?? null };
  });
}

/** `Num RefCount Protocol Flags Type St Inode Path`, a line for each socket; abstract names begin with an at sign. */
function pathsByInode(): Map<string, string> {
  const lines = readFileSync("/proc/net/unix", "utf8").matchAll(/^\S+:(?: +\S+){5} +(\d+) (\/.*)$/gm);
  return new Map([...lines].map(([, inode = "", path = ""]) => [inode, path]));
}
