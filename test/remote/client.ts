import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "../build/registry.ts";
import { Daemon, dockerClients, sh } from "../harness.ts";

/**
 * Docker's command line, with a configuration of its own, before a daemon of its own, and real registries. For
 * `beforeAll` and `afterAll` of a file; what it can do may be taken out of it by name.
 */
export class RegistryClient implements AsyncDisposable {
  readonly scratch = mkdtempSync("/tmp/berth-remote-");
  /** What ends with it. */
  readonly ends = new AsyncDisposableStack();
  #started: Daemon | undefined;

  start = async (): Promise<Daemon> => {
    mkdirSync(join(this.scratch, "config"));
    this.#started = await Daemon.start();
    return this.#started;
  };

  get #daemon(): Daemon {
    if (!this.#started) throw new Error("the daemon is not started");
    return this.#started;
  }

  docker = (...args: string[]) =>
    sh([dockerClients[0] ?? "docker", "--config", join(this.scratch, "config"), ...args], {
      env: { DOCKER_HOST: this.#daemon.host },
    });

  ok = async (...args: string[]): Promise<string> => {
    const result = await this.docker(...args);
    if (result.exitCode !== 0)
      throw new Error(`docker ${args.join(" ")}: ${result.stderr}${result.stdout}\n${this.#daemon.log()}`);
    return result.stdout.trim();
  };

  /** A real docker-registry; returns its address. */
  registry = async (): Promise<string> => this.ends.use(await startRegistry()).host;

  /** An image of several layers with random content, so that nothing is known beforehand. */
  makeImage = async (tag: string, layers = 3, kilobytes = 200): Promise<void> => {
    let base = "busybox";
    for (let index = 0; index < layers; index++) {
      const fill = ["dd", "if=/dev/urandom", `of=/layer${index}`, "bs=1k", `count=${kilobytes}`];
      await this.ok("run", "--name", "make", base, ...fill);
      await this.ok("commit", "make", tag);
      await this.ok("rm", "make");
      base = tag;
    }
  };

  /** A registry that has `x/y:1`, two layers of 3 MB, which the daemon does not have. */
  registryWithImage = async (): Promise<string> => {
    const host = await this.registry();
    await this.makeImage(`${host}/x/y:1`, 2, 3000);
    await this.ok("push", `${host}/x/y:1`);
    await this.forget(`${host}/x/y:1`);
    return host;
  };

  /** Forgets an image whole, so that a pull has to bring everything. */
  forget = async (...tags: string[]): Promise<void> => {
    await this.ok("rmi", "-f", ...tags);
    await this.ok("image", "prune", "-f");
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started?.[Symbol.asyncDispose]();
    await this.ends.disposeAsync();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
