import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

/** Debian's docker-registry, on a free port of loopback, with data of its own. */
export class ReferenceRegistry implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-registry-reference-");
  readonly address = `127.0.0.1:${freePort()}`;
  #child: Bun.Subprocess | undefined;

  private constructor(private readonly auth: string) {}

  /** `users`: an htpasswd file that guards it. */
  static async start(users?: string): Promise<ReferenceRegistry> {
    const registry = new ReferenceRegistry(users ? `auth: {htpasswd: {realm: reference, path: ${users}}}\n` : "");
    await registry.up();
    return registry;
  }

  get url(): string {
    return `http://${this.address}`;
  }
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async up(): Promise<void> {
    mkdirSync(join(this.root, "data"), { recursive: true });
    writeFileSync(
      join(this.root, "config.yml"),
      "version: 0.1\nlog: {level: error, accesslog: {disabled: " +
        `${process.env.REFERENCE_LOG ? "false" : "true"}}}\nstorage: {filesystem: {rootdirectory: ` +
        `${this.root}/data, maxthreads: 100}, delete: {enabled: true}}\nhttp: {addr: "${this.address}"}\n` +
        `${this.auth}`,
    );
    this.#child = Bun.spawn(["docker-registry", "serve", join(this.root, "config.yml")], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(join(this.root, "log")),
      env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    await until("docker-registry to answer", () =>
      fetch(`${this.url}/v2/`).then(
        () => true,
        () => false,
      ),
    );
  }

  async down(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  log(): string {
    return readFileSync(join(this.root, "log"), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await endRig({ root: this.root });
  }
}
