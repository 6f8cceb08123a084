import { createHash, randomBytes, randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type RootfsName, rootfsTar } from "../scripts/images.ts";
import { type Belongings, lasting, leftovers, refuse, removeRoot } from "./leftovers.ts";

const repository = resolve(import.meta.dir, "..");
export const berthBinary = process.env.BERTH_BINARY ?? join(repository, "bin/berth");

export interface Result {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * The engine under test: `berth`, or `dockerd` to try the tests on the reference (with iptables off, so that the
 * machine's forwarding stays as it is).
 */
export const engine: "berth" | "dockerd" = process.env.TEST_ENGINE === "dockerd" ? "dockerd" : "berth";

/** Runs a program to its end. */
export async function sh(
  argv: string[],
  options: { input?: string | Uint8Array; env?: Record<string, string>; timeout?: number } = {},
): Promise<Result> {
  const child = Bun.spawn(argv, {
    stdin: options.input === undefined ? "ignore" : Buffer.from(options.input),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...options.env },
    timeout: options.timeout ?? 110_000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, stderr };
}

/** Asks until `probe` gives something true; throws with `what` when it never does. */
export async function until<T>(what: string, probe: () => T | Promise<T>, timeout = 60_000): Promise<NonNullable<T>> {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await Bun.sleep(20);
  }
}

/**
 * A TCP port that nobody listens on, nor at the `count - 1` after it. Below those that the kernel gives to
 * connections, one of which could take it before the test does.
 */
export function freePort(count = 1): number {
  for (;;) {
    const first = randomInt(20_001, 32_000);
    const listeners: { stop(force: boolean): void }[] = [];
    try {
      for (let at = 0; at < count; at++)
        listeners.push(Bun.listen({ hostname: "0.0.0.0", port: first + at, socket: { data() {} } }));
      return first;
    } catch {
      /* taken: another */
    } finally {
      for (const listener of listeners) listener.stop(true);
    }
  }
}

/** The docker command lines on this machine, newest first. */
export const dockerClients = ["/usr/local/bin/docker", "/usr/bin/docker"].filter((path) => existsSync(path));

/**
 * A daemon of the test's own: data root, exec root, socket, bridge and address range. Clients meet it through a proxy
 * that compares all they say to each other with the Engine API (test/contract). Disposing of it removes what is left in
 * it, ends it, and throws if anything of it stays behind on the machine, or if the contract was broken.
 */
export class Daemon implements AsyncDisposable {
  readonly root: string;
  /** The proxy's. */
  readonly socket: string;
  readonly host: string;
  /** The daemon's own. */
  readonly engineSocket: string;
  readonly bridge: string;
  readonly cidr: string;
  readonly instance: string;
  #child: Bun.Subprocess | undefined;
  #proxy: Bun.Subprocess<"pipe", "pipe", number> | undefined;

  private constructor(
    private readonly args: string[],
    private readonly env: Record<string, string>,
    private readonly netns: string | null,
    private readonly files: number | null,
    private readonly direct: boolean,
    private readonly mountns: string | null,
  ) {
    this.root = mkdtempSync("/tmp/berth-test-");
    this.socket = join(this.root, "berth.sock");
    this.host = `unix://${this.socket}`;
    this.engineSocket = direct ? this.socket : join(this.root, "engine.sock");
    const tag = randomBytes(3);
    this.bridge = `bt${tag.toString("hex")}`;
    this.cidr = `10.${200 + ((tag[0] ?? 0) % 50)}.${tag[1]}.1/24`;
    this.instance = createHash("sha256").update(this.dataRoot).digest("hex").slice(0, 8);
  }

  /**
   * `onRoot` has the place of the data root before the first start, to put a filesystem there. `netns`: file of the
   * network namespace that is the daemon's machine, `mountns`: of the mount namespace; the test's own unless given.
   * `files`: how many the daemon may have
   * open. `direct`: why clients must meet the daemon itself instead of the proxy.
   */
  static async start(
    options: {
      args?: string[];
      env?: Record<string, string>;
      images?: RootfsName[];
      onRoot?: (dataRoot: string) => Promise<void>;
      netns?: string;
      mountns?: string;
      files?: number;
      direct?: string;
    } = {},
  ): Promise<Daemon> {
    const daemon = new Daemon(
      options.args ?? [],
      options.env ?? {},
      options.netns ?? null,
      options.files ?? null,
      options.direct !== undefined,
      options.mountns ?? null,
    );
    try {
      await options.onRoot?.(daemon.dataRoot);
      await daemon.up();
      for (const image of options.images ?? ["busybox"]) await daemon.import(image);
    } catch (error) {
      const log = daemon.log();
      await daemon.kill();
      throw new Error(`${error instanceof Error ? error.message : error}\n${log}`, { cause: error });
    }
    return daemon;
  }

  get dataRoot(): string {
    return join(this.root, "data");
  }
  get execRoot(): string {
    return join(this.root, "exec");
  }
  /** What a command line begins with that runs on the daemon's machine. */
  get #there(): string[] {
    return this.netns === null ? [] : ["nsenter", `--net=${this.netns}`];
  }
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts the process (again). Returns when the API answers. */
  async up(extra: string[] = []): Promise<void> {
    mkdirSync(this.dataRoot, { recursive: true });
    if (!existsSync(join(this.root, "daemon.json"))) writeFileSync(join(this.root, "daemon.json"), "{}");
    if (engine === "dockerd" && !existsSync(`/sys/class/net/${this.bridge}`)) {
      await sh(["ip", "link", "add", this.bridge, "type", "bridge"]);
      await sh(["ip", "address", "add", this.cidr, "dev", this.bridge]);
    }
    const own =
      engine === "berth"
        ? [berthBinary, "daemon", "--bip", this.cidr]
        : ["dockerd", "--iptables=false", "--live-restore", "--log-level", "fatal"];
    // Appended to, so that it tells of all the daemon's lives.
    const log = openSync(join(this.root, "log"), "a");
    this.#child = Bun.spawn(
      [
        ...this.#there,
        ...(this.mountns === null ? [] : ["nsenter", `--mount=${this.mountns}`, `--wd=${process.cwd()}`]),
        ...(this.files === null ? [] : ["prlimit", `--nofile=${this.files}:${this.files}`]),
        ...own,
        "--host",
        `unix://${this.engineSocket}`,
        "--data-root",
        this.dataRoot,
        "--exec-root",
        this.execRoot,
        "--pidfile",
        join(this.root, "berth.pid"),
        "--config-file",
        join(this.root, "daemon.json"),
        "--bridge",
        this.bridge,
        ...this.args,
        ...extra,
      ],
      { stdin: "ignore", stdout: log, stderr: log, env: { ...process.env, ...this.env } },
    );
    closeSync(log);
    const child = this.#child;
    await until("the daemon to answer", async () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${this.log()}`);
      return (
        existsSync(this.engineSocket) &&
        (await fetch("http://d/_ping", { unix: this.engineSocket }).then(
          (r) => r.ok,
          () => false,
        ))
      );
    });
    await this.#standBetween();
  }

  /** Starts the proxy, with a life of the daemon. */
  async #standBetween(): Promise<void> {
    if (this.direct) return;
    await this.#standAside();
    const log = openSync(join(this.root, "log"), "a");
    const settings = { listen: this.socket, engine: this.engineSocket, report: this.#report };
    this.#proxy = Bun.spawn([process.execPath, join(import.meta.dir, "contract/proxy.ts")], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: log,
      env: { ...process.env, CONTRACT_PROXY: JSON.stringify(settings) },
    });
    closeSync(log);
    const { value } = await this.#proxy.stdout.getReader().read();
    if (!value) throw new Error(`the contract's proxy did not start: ${this.log()}`);
  }

  /** Ends the proxy, once what the daemon said last has come through. */
  async #standAside(): Promise<void> {
    if (this.direct) return;
    this.#proxy?.stdin.end();
    await this.#proxy?.exited;
    this.#proxy = undefined;
    rmSync(this.socket, { force: true });
  }

  /** A line for each breach; CONTRACT_REPORT names a file that gathers those of all daemons, and lets them pass. */
  get #report(): string {
    return process.env.CONTRACT_REPORT ?? join(this.root, "contract");
  }

  /** What was said so far that breaks the Engine API. */
  breaches(): string[] {
    return existsSync(this.#report) && !process.env.CONTRACT_REPORT
      ? readFileSync(this.#report, "utf8").trim().split("\n")
      : [];
  }

  log(): string {
    return existsSync(join(this.root, "log")) ? readFileSync(join(this.root, "log"), "utf8").slice(-20_000) : "";
  }

  async import(image: RootfsName): Promise<void> {
    const command = image === "busybox" ? '["sh"]' : '["bash"]';
    const query = new URLSearchParams({ fromSrc: "-", repo: image, tag: "latest", changes: `CMD ${command}` });
    const response = await fetch(`http://d/images/create?${query}`, {
      unix: this.socket,
      method: "POST",
      body: Bun.file(await rootfsTar(image)),
    });
    const text = await response.text();
    if (!response.ok || text.includes('"error"')) throw new Error(`import of ${image}: ${response.status} ${text}`);
  }

  /** A call to the API; the body is sent as JSON. */
  async api(method: string, path: string, body?: unknown): Promise<{ status: number; json: any; text: string }> {
    const response = await fetch(`http://d${path}`, {
      unix: this.socket,
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, json, text };
  }

  /** The real docker command line against this daemon. */
  docker(...args: string[]): Promise<Result> {
    return sh([dockerClients[0] ?? "docker", ...args], { env: { DOCKER_HOST: this.host } });
  }

  /** Berth's own command line against this daemon. */
  berth(...args: string[]): Promise<Result> {
    return sh([berthBinary, ...args], { env: { DOCKER_HOST: this.host } });
  }

  /** As {@link docker}, but failure is an error. Returns standard output, trimmed. */
  async ok(...args: string[]): Promise<string> {
    const result = await this.docker(...args);
    if (result.exitCode !== 0)
      throw new Error(
        `docker ${args.join(" ")}: exit ${result.exitCode}: ${result.stderr || result.stdout}\n${this.log()}`,
      );
    return result.stdout.trim();
  }

  /** Writes the configuration file and has it read. */
  async reload(config: object): Promise<void> {
    const path = join(this.root, "log");
    const before = readFileSync(path, "utf8").length;
    writeFileSync(join(this.root, "daemon.json"), JSON.stringify(config));
    await this.signal("SIGHUP");
    await until("the reload", () => /reload/i.test(readFileSync(path, "utf8").slice(before)));
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    if (signal === "SIGHUP") return;
    await this.#child?.exited;
    await this.#standAside();
  }

  /** `kill -9`, as a crash would. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
  }

  async restart(extra: string[] = []): Promise<void> {
    await this.signal("SIGTERM");
    await this.up(extra);
  }

  get #belongings(): Belongings {
    const files = [join(this.execRoot, "netns")];
    return { root: this.root, instance: this.instance, bridge: this.bridge, files, netns: this.netns };
  }

  /** What of this daemon's containers, networks and builds is on the machine, and its own processes. */
  async leftovers(): Promise<string[]> {
    if (engine === "dockerd") return [];
    // What it has itself for as long as it lives; a filesystem that a test put below the data root goes after it.
    const own = [`mount ${this.dataRoot}`, `link ${this.bridge}`, `table inet berth_${this.instance}`];
    return (await leftovers(this.#belongings)).filter(
      (what) => !own.includes(what) && !/^cgroup (?!.*[0-9a-f]{64})/.test(what),
    );
  }

  /** {@link leftovers} but for the daemon itself. */
  async strays(): Promise<string[]> {
    return (await this.leftovers()).filter((what) => !/^process \d+ .* daemon /.test(what));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let left: string[] = [];
    let log = "";
    let breaches: string[] = [];
    try {
      if (this.#child && this.#child.exitCode !== null) await this.up();
      const ids = ((await this.api("GET", "/containers/json?all=1")).json as { Id: string }[]).map(
        (container) => container.Id,
      );
      await Promise.all(ids.map((id) => this.api("DELETE", `/containers/${id}?force=1&v=1`)));
      await this.api("POST", "/networks/prune");
      const plugins = engine === "berth" ? ((await this.api("GET", "/plugins")).json as { Id: string }[]) : [];
      await Promise.all(plugins.map(({ Id }) => this.api("DELETE", `/plugins/${Id}?force=1`)));
      left = await lasting(() => this.strays());
      await this.signal("SIGTERM");
      log = this.log();
    } finally {
      await this.kill();
      breaches = this.breaches();
      await sh([...this.#there, "ip", "link", "delete", this.bridge]);
      for (const family of ["inet", "ip", "ip6"])
        await sh([...this.#there, "nft", "delete", "table", family, `berth_${this.instance}`]);
      removeRoot(this.root);
    }
    refuse([...left, ...(await lasting(() => leftovers(this.#belongings)))], log);
    if (breaches.length > 0) throw new Error(`the contract was broken:\n${breaches.join("\n")}`);
  }
}
