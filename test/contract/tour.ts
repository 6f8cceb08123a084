import { findOperation, type Operation, versionNumber, versionText } from "./description.ts";

/** Told of each reply that is JSON. */
export type Listener = (operation: Operation, version: number, status: number, text: string) => void;

/**
 * Makes a small world of containers, networks, volumes and images (named `contract-…`, of an image `busybox` that is
 * there), asks the engine for everything it can say of it at every version of its API (that is wanted), and takes it
 * all away again.
 */
export async function tour(
  socket: string,
  listener: Listener,
  wants: (version: number) => boolean = () => true,
): Promise<void> {
  const world = new World(socket, listener);
  const newest = versionNumber((await fetch("http://d/_ping", { unix: socket })).headers.get("api-version") ?? "");
  try {
    await world.make(newest);
    for (let version = versionNumber("1.24"); version <= newest; version++)
      if (wants(version)) await world.observe(version);
  } finally {
    await world.remove(newest);
  }
}

/** The containers of the world: what a client may leave out, and what it may say. */
const containers: Record<string, object> = {
  bare: { Image: "busybox" },
  mighty: { Image: "busybox", HostConfig: { Privileged: true, NetworkMode: "host", PidMode: "host", IpcMode: "host" } },
  full: {
    Image: "busybox",
    Cmd: ["sleep", "1000"],
    Entrypoint: ["env"],
    Env: ["A=b"],
    Labels: { one: "1" },
    User: "0",
    WorkingDir: "/tmp",
    ExposedPorts: { "80/tcp": {}, "81/udp": {} },
    Volumes: { "/anonymous": {} },
    Healthcheck: { Test: ["CMD", "true"], Interval: 1_000_000_000 },
    StopSignal: "SIGINT",
    StopTimeout: 1,
    HostConfig: {
      NetworkMode: "contract-net",
      PortBindings: { "80/tcp": [{ HostPort: "" }] },
      Binds: ["/etc:/bound:ro"],
      Mounts: [
        { Type: "volume", Source: "contract-volume", Target: "/volume" },
        { Type: "tmpfs", Target: "/tmpfs" },
      ],
      Memory: 67108864,
      CapAdd: ["NET_ADMIN"],
      Dns: ["10.0.0.1"],
      ExtraHosts: ["a:10.0.0.2"],
      GroupAdd: ["10"],
      SecurityOpt: ["label=disable"],
      Sysctls: { "net.core.somaxconn": "100" },
      Tmpfs: { "/other": "" },
      Ulimits: [{ Name: "nofile", Soft: 100, Hard: 100 }],
      Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/nothing", CgroupPermissions: "r" }],
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 1 },
      Init: true,
      PidsLimit: 100,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    },
    NetworkingConfig: {
      EndpointsConfig: { "contract-net": { Aliases: ["alias"], IPAMConfig: { IPv4Address: "10.177.1.77" } } },
    },
  },
  tty: {
    Image: "busybox",
    Tty: true,
    OpenStdin: true,
    HostConfig: { NetworkMode: "contract-net" },
    NetworkingConfig: { EndpointsConfig: { "contract-net": { IPAMConfig: {} } } },
  },
  none: { Image: "busybox", Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: "none" } },
  ended: { Image: "busybox", Cmd: ["sh", "-c", "echo >/new; exit 3"] },
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const idOf = (value: unknown) => (isRecord(value) ? String(value["Id"] ?? value["ID"]) : "");

class World {
  constructor(
    private readonly socket: string,
    private readonly listener: Listener,
  ) {}

  async make(version: number): Promise<void> {
    await this.#ask(version, "POST", "/networks/create", {
      Name: "contract-net",
      EnableIPv6: true,
      Options: { a: "b" },
      Labels: { a: "b" },
      IPAM: {
        Config: [
          { Subnet: "10.177.1.0/24", IPRange: "10.177.1.0/25", Gateway: "10.177.1.1" },
          { Subnet: "fd00:177::/64" },
        ],
      },
    });
    await this.#ask(version, "POST", "/volumes/create", { Name: "contract-volume", Labels: { a: "b" } });
    await this.#ask(version, "POST", "/volumes/create", {
      Name: "contract-other",
      DriverOpts: { type: "tmpfs", device: "tmpfs" },
    });
    for (const [name, config] of Object.entries(containers)) {
      await this.#ask(version, "POST", `/containers/create?name=contract-${name}`, config);
      if (name !== "bare" && name !== "mighty") await this.#ask(version, "POST", `/containers/contract-${name}/start`);
    }
    await this.#ask(version, "POST", "/containers/contract-ended/wait");
    await this.#ask(version, "POST", "/commit?container=contract-ended&repo=contract&comment=said&author=me");
    // A tar of nothing.
    await fetch("http://d/images/create?fromSrc=-&repo=contract-empty", {
      unix: this.socket,
      method: "POST",
      body: new Uint8Array(1024),
    }).then((response) => response.text());
  }

  /** Asks for what there is, and makes and removes things in passing. */
  async observe(version: number): Promise<void> {
    const ask = (method: string, path: string, body?: unknown) => this.#ask(version, method, path, body);
    const all = Object.keys(containers).map((name) => `contract-${name}`);
    for (const path of [
      "/containers/json",
      "/containers/json?all=1",
      "/containers/json?all=1&size=1",
      "/images/json",
      "/images/json?all=1&shared-size=1",
      "/networks",
      "/volumes",
      "/info",
      "/version",
      "/system/df",
      "/plugins",
      "/images/busybox/json",
      "/images/busybox/history",
      "/images/contract/json",
      "/images/contract-empty/json",
      "/images/contract/history",
      "/volumes/contract-volume",
      "/volumes/contract-other",
      "/networks/contract-net",
      "/networks/bridge",
      "/networks/none",
    ]) {
      await ask("GET", path);
    }
    for (const name of all)
      for (const path of [`/containers/${name}/json`, `/containers/${name}/json?size=1`, `/containers/${name}/changes`])
        await ask("GET", path);
    for (const name of ["contract-full", "contract-none"]) {
      await ask("GET", `/containers/${name}/top`);
      await ask("GET", `/containers/${name}/stats?stream=0&one-shot=1`);
    }
    for (const name of ["contract-full", "contract-tty"]) {
      const exec = idOf(await ask("POST", `/containers/${name}/exec`, { Cmd: ["true"], AttachStdout: true }));
      await ask("GET", `/exec/${exec}/json`);
      await ask("POST", `/exec/${exec}/start`, { Detach: true });
      await ask("GET", `/exec/${exec}/json`);
    }
    await ask("POST", "/containers/contract-ended/wait");
    await ask("POST", "/containers/contract-none/update", { CpuShares: 512 });
    const since = Date.now() / 1000;
    const made = idOf(
      await ask("POST", "/containers/create?name=contract-passing", {
        Image: "busybox",
        Cmd: ["true"],
        Labels: { "contract-passing": "" },
      }),
    );
    await ask("POST", `/containers/${made}/start`);
    await ask("POST", `/containers/${made}/wait`);
    await ask("POST", `/commit?container=${made}&repo=contract-passing`);
    await ask("DELETE", "/images/contract-passing");
    if (version >= versionNumber("1.25")) {
      // The second time there is nothing.
      for (let turn = 0; turn < 2; turn++)
        await ask("POST", '/containers/prune?filters={"label":["contract-passing"]}');
      await ask("POST", '/volumes/prune?filters={"label":["contract-passing"]}');
      await ask("POST", '/networks/prune?filters={"label":["contract-passing"]}');
      await ask("POST", '/images/prune?filters={"label":["contract-passing"]}');
    } else {
      await ask("DELETE", `/containers/${made}`);
    }
    await ask("POST", "/volumes/create", { Name: "contract-passing" });
    await ask("DELETE", "/volumes/contract-passing");
    const network = idOf(await ask("POST", "/networks/create", { Name: "contract-passing" }));
    await ask("DELETE", `/networks/${network}`);
    await ask("GET", `/events?since=${since}&until=${Date.now() / 1000}`);
  }

  /** Of what a tour made whatever is there. */
  async remove(version: number): Promise<void> {
    const quietly = (path: string) => this.#ask(version, "DELETE", path).catch(() => null);
    for (const name of Object.keys(containers)) await quietly(`/containers/contract-${name}?force=1&v=1`);
    for (const path of [
      "/containers/contract-passing?force=1",
      "/images/contract",
      "/images/contract-empty",
      "/images/contract-passing",
      "/volumes/contract-volume",
      "/volumes/contract-other",
      "/networks/contract-net",
    ])
      await quietly(path);
  }

  async #ask(version: number, method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://d/v${versionText(version)}${path}`, {
      unix: this.socket,
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    const operation = findOperation(method, path.replace(/\?.*/, ""));
    if (!operation) throw new Error(`no operation ${method} ${path}`);
    if (!response.ok) throw new Error(`${method} ${path} v${versionText(version)}: ${response.status} ${text}`);
    this.listener(operation, version, response.status, text);
    return /json/.test(response.headers.get("content-type") ?? "") && /^\{.*\}\s*$/.test(text)
      ? JSON.parse(text)
      : null;
  }
}
