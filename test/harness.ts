import { createHash, randomBytes, randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rootfsTar } from "../scripts/images.ts";

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
export async function sh(argv: string[], options: { input?: string | Uint8Array; env?: Record<string, string>; timeout?: number } = {}): Promise<Result> {
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
      for (let at = 0; at < count; at++) listeners.push(Bun.listen({ hostname: "0.0.0.0", port: first + at, socket: { data() {} } }));
      return first;
    } catch { /* taken: another */ } finally {
      for (const listener of listeners) listener.stop(true);
    }
  }
}

/** The docker command lines on this machine, newest first. */
export const dockerClients = ["/usr/local/bin/docker", "/usr/bin/docker"].filter((path) => existsSync(path));

/**
 * A daemon of the test's own: data root, exec root, socket, bridge and address range. Disposing of it removes
 * what is left in it, ends it, and throws if anything of it stays behind on the machine.
 */
export class Daemon implements AsyncDisposable {
  readonly root: string;
  readonly socket: string;
  readonly host: string;
  readonly bridge: string;
  readonly cidr: string;
  readonly instance: string;
  #child: Bun.Subprocess | undefined;

  private constructor(private readonly args: string[], private readonly env: Record<string, string>) {
    this.root = mkdtempSync("/tmp/berth-test-");
    this.socket = join(this.root, "berth.sock");
    this.host = `unix://${this.socket}`;
    const tag = randomBytes(3);
    this.bridge = `bt${tag.toString("hex")}`;
    this.cidr = `10.${200 + ((tag[0] ?? 0) % 50)}.${tag[1]}.1/24`;
    this.instance = createHash("sha256").update(this.dataRoot).digest("hex").slice(0, 8);
  }

  static async start(options: { args?: string[]; env?: Record<string, string>; images?: ("busybox" | "debian")[] } = {}): Promise<Daemon> {
    const daemon = new Daemon(options.args ?? [], options.env ?? {});
    try {
      await daemon.up();
      for (const image of options.images ?? ["busybox"]) await daemon.import(image);
    } catch (error) {
      const log = daemon.log();
      await daemon.kill();
      throw new Error(`${error instanceof Error ? error.message : error}\n${log}`, { cause: error });
    }
    return daemon;
  }

  get dataRoot(): string { return join(this.root, "data"); }
  get execRoot(): string { return join(this.root, "exec"); }
  get pid(): number { return this.#child?.pid ?? 0; }

  /** Starts the process (again). Returns when the API answers. */
  async up(extra: string[] = []): Promise<void> {
    mkdirSync(this.dataRoot, { recursive: true });
    if (!existsSync(join(this.root, "daemon.json"))) writeFileSync(join(this.root, "daemon.json"), "{}");
    if (engine === "dockerd" && !existsSync(`/sys/class/net/${this.bridge}`)) {
      await sh(["ip", "link", "add", this.bridge, "type", "bridge"]);
      await sh(["ip", "address", "add", this.cidr, "dev", this.bridge]);
    }
    const own = engine === "berth" ? [berthBinary, "daemon", "--bip", this.cidr] : ["dockerd", "--iptables=false", "--live-restore", "--log-level", "fatal"];
    // Appended to, so that it tells of all the daemon's lives.
    const log = openSync(join(this.root, "log"), "a");
    this.#child = Bun.spawn(
      [...own, "--host", this.host, "--data-root", this.dataRoot, "--exec-root", this.execRoot,
        "--pidfile", join(this.root, "berth.pid"), "--config-file", join(this.root, "daemon.json"),
        "--bridge", this.bridge, ...this.args, ...extra],
      { stdin: "ignore", stdout: log, stderr: log, env: { ...process.env, ...this.env } },
    );
    closeSync(log);
    const child = this.#child;
    await until("the daemon to answer", async () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${this.log()}`);
      return existsSync(this.socket) && (await fetch("http://d/_ping", { unix: this.socket }).then((r) => r.ok, () => false));
    });
  }

  log(): string {
    return existsSync(join(this.root, "log")) ? readFileSync(join(this.root, "log"), "utf8").slice(-20_000) : "";
  }

  async import(image: "busybox" | "debian"): Promise<void> {
    const command = image === "busybox" ? '["sh"]' : '["bash"]';
    const query = new URLSearchParams({ fromSrc: "-", repo: image, tag: "latest", changes: `CMD ${command}` });
    const response = await fetch(`http://d/images/create?${query}`, { unix: this.socket, method: "POST", body: Bun.file(await rootfsTar(image)) });
    const text = await response.text();
    if (!response.ok || text.includes('"error"')) throw new Error(`import of ${image}: ${response.status} ${text}`);
  }

  /** A call to the API; the body is sent as JSON. */
  async api(method: string, path: string, body?: unknown): Promise<{ status: number; json: any; text: string }> {
    const response = await fetch(`http://d${path}`, {
      unix: this.socket, method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    let json: unknown;
    try { json = JSON.parse(text); } catch { json = undefined; }
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
    if (result.exitCode !== 0) throw new Error(`docker ${args.join(" ")}: exit ${result.exitCode}: ${result.stderr || result.stdout}\n${this.log()}`);
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
    if (signal !== "SIGHUP") await this.#child?.exited;
  }

  /** `kill -9`, as a crash would. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
  }

  async restart(extra: string[] = []): Promise<void> {
    await this.signal("SIGTERM");
    await this.up(extra);
  }

  /** What of this daemon is on the machine: mounts, processes, links, cgroups, nft tables, netns files. */
  async leftovers(): Promise<string[]> {
    if (engine === "dockerd") return [];
    const found: string[] = [];
    for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
      if (line.includes(this.root)) found.push(`mount ${line.split(" ")[4]}`);
    }
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        if (command.includes(this.root) && Number(pid) !== process.pid) found.push(`process ${pid} ${command.slice(0, 200)}`);
      } catch { /* ended meanwhile */ }
    }
    if (existsSync(`/sys/class/net/${this.bridge}`)) {
      for (const port of readdirSync(`/sys/class/net/${this.bridge}/brif`)) found.push(`veth ${port}`);
    }
    const cgroups = await sh(["find", "/sys/fs/cgroup", "-type", "d", "-path", `*${this.instance}*/*`]);
    for (const path of cgroups.stdout.split("\n")) if (/[0-9a-f]{64}/.test(path)) found.push(`cgroup ${path}`);
    const netns = join(this.execRoot, "netns");
    if (existsSync(netns)) for (const name of readdirSync(netns)) found.push(`netns ${name}`);
    return found;
  }

  /** {@link leftovers} but for the daemon itself. */
  async strays(): Promise<string[]> {
    return (await this.leftovers()).filter((what) => !/^process \d+ .* daemon /.test(what));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let left: string[] = [];
    let log = "";
    try {
      if (this.#child && this.#child.exitCode !== null) await this.up();
      const ids = ((await this.api("GET", "/containers/json?all=1")).json as { Id: string }[]).map((container) => container.Id);
      await Promise.all(ids.map((id) => this.api("DELETE", `/containers/${id}?force=1&v=1`)));
      await this.api("POST", "/networks/prune");
      left = await until("a clean machine", async () => (await this.strays()).length === 0).then(() => [], () => this.strays());
      await this.signal("SIGTERM");
      log = this.log();
    } finally {
      await this.kill();
      for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((line) => line.includes(this.root)).reverse()) {
        await sh(["umount", "-l", line.split(" ")[4] ?? ""]);
      }
      await sh(["ip", "link", "delete", this.bridge]);
      for (const family of ["inet", "ip", "ip6"]) await sh(["nft", "delete", "table", family, `berth_${this.instance}`]);
      rmSync(this.root, { recursive: true, force: true });
    }
    if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}\n${log}`);
  }
}
