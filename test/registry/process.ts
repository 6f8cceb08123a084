import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

const repository = resolve(import.meta.dir, "../..");

/** A registry of the test's own, as a process: `berth registry serve` on a free port of loopback. */
export class RegistryProcess implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-registry-test-");
  readonly data = join(this.root, "data");
  address = "";
  #child: Bun.Subprocess | undefined;

  private constructor(
    private readonly flags: string[],
    private readonly env: Record<string, string>,
  ) {}

  static async start(flags: string[] = [], env: Record<string, string> = {}): Promise<RegistryProcess> {
    const registry = new RegistryProcess(flags, env);
    try {
      await registry.up();
    } catch (error) {
      await registry.kill();
      rmSync(registry.root, { recursive: true, force: true });
      throw error;
    }
    return registry;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  get url(): string {
    return `${this.flags.includes("--tls-cert") ? "https" : "http"}://${this.address}`;
  }

  /** Starts the process (again, on the same port). Returns when it answers. */
  async up(extra: string[] = []): Promise<void> {
    const port = this.address === "" ? freePort() : Number(this.address.split(":").at(-1));
    this.address = `127.0.0.1:${port}`;
    this.#child = Bun.spawn(
      [
        join(repository, "bin/bun"),
        join(repository, "src/main.ts"),
        "registry",
        "serve",
        "--listen",
        this.address,
        "--data",
        this.data,
        ...this.flags,
        ...extra,
      ],
      {
        stdin: "ignore",
        stdout: Bun.file(join(this.root, "out")),
        stderr: Bun.file(join(this.root, "log")),
        env: { ...process.env, ...this.env },
      },
    );
    const child = this.#child;
    await until("the registry to answer", async () => {
      if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}: ${this.log()}`);
      return await fetch(`${this.url}/v2/`, { tls: { rejectUnauthorized: false } }).then(
        () => true,
        () => false,
      );
    });
  }

  log(): string {
    const path = join(this.root, "log");
    return existsSync(path) ? readFileSync(path, "utf8").slice(-20_000) : "";
  }

  /** SIGKILL, as a crash would have it. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  /** SIGTERM; the exit code. */
  async terminate(): Promise<number> {
    this.#child?.kill("SIGTERM");
    return (await this.#child?.exited) ?? -1;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(path.startsWith("http") ? path : `${this.url}${path}`, {
      redirect: "manual",
      tls: { rejectUnauthorized: false },
      ...init,
    });
  }

  /** The document that a GET answers with, whatever its status. */
  async json(path: string, init: RequestInit = {}): Promise<any> {
    return await (await this.fetch(path, init)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await endRig({ root: this.root });
  }
}
