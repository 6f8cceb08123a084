import { chmodSync, chownSync } from "node:fs";
import { createServer } from "node:net";
import { close, openDir } from "../../linux/at.ts";
import type { Dial } from "./session.ts";

/**
 * Listens on a socket `name` in a directory and hands each connection on to an agent: whoever reaches the socket needs
 * no right on the agent's own, and can change nothing at it. Disposing of it ends all connections.
 */
export async function relaySocket(
  directory: string,
  name: string,
  dial: Dial,
  { mode, uid, gid }: { mode: number; uid: number; gid: number },
): Promise<AsyncDisposable> {
  const open = new Set<{ destroy(): void }>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const agent = dial();
    for (const [one, other] of [
      [client, agent],
      [agent, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => open.delete(one));
      one.pipe(other);
    }
  });
  // Paths of sockets are short; that of a directory's descriptor always is.
  const fd = openDir(directory);
  const path = `/proc/self/fd/${fd}/${name}`;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
    chmodSync(path, mode);
    chownSync(path, uid, gid);
  } catch (error) {
    server.close();
    close(fd);
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const each of open) each.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      close(fd);
    },
  };
}
