import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorMessage, hasCode, invalid } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { type PassedSocket, passedSockets } from "../linux/passed-sockets.ts";
import { type Listener, listenHttp } from "../server/http/listener.ts";
import type { HttpHandler } from "../server/http/serve.ts";
import { type DaemonConfig, dockerSocket } from "./config/config.ts";
import { tcpHost } from "./config/tcp-host.ts";

/** What the daemon listens on. */
export interface Listening {
  /** Addresses as clients name them, ports filled in. */
  addresses: string[];
  /** Takes no more connections. The sockets' files are removed. */
  stop(): void;
  closeAll(): void;
}

/**
 * Opens every listener, or none: where one fails, those before it are closed again. What the service manager passed in
 * is served whatever `hosts` says, and a path among them that is such a socket's is no other one.
 */
export async function listen(
  config: DaemonConfig,
  passedFds: number,
  handler: HttpHandler,
  log: Logger,
): Promise<Listening> {
  const opened: { address: string; listener: Listener; path?: string }[] = [];
  const stop = () => {
    for (const { listener, path } of opened) {
      listener.stop();
      if (path) rmSync(path, { force: true });
    }
  };
  try {
    const passed = passedSockets(passedFds);
    for (const { fd, path } of passed)
      opened.push({
        address: path === null ? `fd://${fd}` : `unix://${path}`,
        listener: listenHttp({ fd }, handler, log),
      });
    for (const host of config.dockerSocket ? [...config.hosts, dockerSocket] : config.hosts) {
      const [scheme, rest = ""] = host.split("://");
      if (scheme === "unix") {
        if (passed.some((socket) => isAt(socket, rest))) continue;
        opened.push({
          address: host,
          listener: await listenUnix(rest, socketGroup(config.group, log), handler, log),
          path: rest,
        });
      } else if (scheme === "tcp") opened.push(listenTcp(host, config, handler, log));
      else if (passed.length === 0)
        throw invalid("no sockets found via socket activation: make sure the service was started by systemd");
    }
  } catch (error) {
    stop();
    throw error;
  }
  return {
    addresses: opened.map(({ address }) => address),
    stop,
    closeAll: () => {
      for (const { listener } of opened) listener.closeAll();
    },
  };
}

/** Whether a path, which may lead through links (/var/run), is that of a socket. */
function isAt(socket: PassedSocket, path: string): boolean {
  return socket.path !== null && existsSync(path) && realpathSync(path) === realpathSync(socket.path);
}

/** Mode 0660, for root and the group. */
async function listenUnix(path: string, gid: number, handler: HttpHandler, log: Logger): Promise<Listener> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await clearSocket(path);
  const listener = listenHttp({ unix: path }, handler, log);
  chmodSync(path, 0o660);
  chownSync(path, 0, gid);
  return listener;
}

/** Removes a socket that nobody listens on any more. */
async function clearSocket(path: string): Promise<void> {
  try {
    if (!statSync(path).isSocket()) throw invalid(`can't create unix socket ${path}: something else is there`);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const alive = await Bun.connect({ unix: path, socket: { data() {} } }).then(
    (socket) => {
      socket.terminate();
      return true;
    },
    () => false,
  );
  if (alive) throw invalid(`can't create unix socket ${path}: another daemon listens on it`);
  rmSync(path, { force: true });
}

function listenTcp(
  host: string,
  config: DaemonConfig,
  handler: HttpHandler,
  log: Logger,
): { address: string; listener: Listener } {
  const { hostname, port: asked } = tcpHost(host);
  const { enabled, verify, ca, cert, key } = config.tls;
  const tls = enabled ? { cert: readPem(cert), key: readPem(key), ...(verify && { ca: readPem(ca) }) } : undefined;
  const port = asked ?? (tls ? 2376 : 2375);
  const listener = listenHttp({ hostname: hostname.replace(/^\[|\]$/g, ""), port, ...(tls && { tls }) }, handler, log);
  const address = `tcp://${hostname}:${listener.port ?? port}`;
  if (!tls) log.warn("the API is served without TLS: whoever reaches it is root on this machine", { address });
  return { address, listener };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(`could not read TLS file ${path}: ${errorMessage(error)}`);
  }
}

/** Its number; without a name that of `berth` or `docker`, whichever exists, or root's. */
function socketGroup(name: string | null, log: Logger): number {
  const groups = new Map(
    readFileSync("/etc/group", "utf8")
      .split("\n")
      .map((line) => {
        const [group = "", , gid = ""] = line.split(":");
        return [group, Number(gid)];
      }),
  );
  if (name === null) return groups.get("berth") ?? groups.get("docker") ?? 0;
  if (/^\d+$/.test(name)) return Number(name);
  const gid = groups.get(name);
  if (gid === undefined) log.warn(`could not change group of the socket to ${name}: group ${name} not found`);
  return gid ?? 0;
}
