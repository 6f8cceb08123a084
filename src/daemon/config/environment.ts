/** The parts of the environment that the daemon looks at. */
export interface DaemonEnvironment {
  /** Where the service manager wants to hear that the daemon is ready. */
  notifySocket: string | null;
  /** Number of sockets passed in, from descriptor 3 on. */
  listenFds: number;
  proxies: { http: string; https: string; no: string };
  /** Socket of the system's message bus. */
  systemBus: string;
}

/**
 * Reads this process's environment. Sockets count only if `LISTEN_PID` is this process, as systemd wants it
 * (sd_listen_fds(3)); of the proxy variables the upper-case one wins; a proxy that is not set is empty.
 */
export function readEnvironment(): DaemonEnvironment {
  const env = (...names: string[]) => names.map((name) => process.env[name]).find((value) => value) ?? "";
  return {
    notifySocket: env("NOTIFY_SOCKET") || null,
    listenFds: Number(env("LISTEN_PID")) === process.pid ? Number(env("LISTEN_FDS")) : 0,
    proxies: {
      http: env("HTTP_PROXY", "http_proxy"),
      https: env("HTTPS_PROXY", "https_proxy"),
      no: env("NO_PROXY", "no_proxy"),
    },
    systemBus: /unix:path=([^,;]+)/.exec(env("DBUS_SYSTEM_BUS_ADDRESS"))?.[1] ?? "/run/dbus/system_bus_socket",
  };
}
