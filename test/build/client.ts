import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { Daemon, dockerClients, sh } from "../harness.ts";
import { writeContext } from "./context.ts";

/** The client that builds. */
export const docker = dockerClients[0] ?? "docker";

/**
 * Builds by Docker's command line against a daemon of its own, for `beforeAll` and `afterAll` of a file; what it can
 * do may be taken out of it by name.
 */
export class BuildClient implements AsyncDisposable {
  readonly scratch = mkdtempSync("/tmp/berth-build-");
  #started: Daemon | undefined;

  start = async (): Promise<Daemon> => {
    this.#started = await Daemon.start();
    return this.#started;
  };

  get #daemon(): Daemon {
    if (!this.#started) throw new Error("the daemon is not started");
    return this.#started;
  }

  env = () => ({ DOCKER_HOST: this.#daemon.host, DOCKER_BUILDKIT: "0" });

  /** A folder with this Dockerfile and these files. */
  context = (dockerfile: string, files: Record<string, string> = {}) =>
    writeContext(this.scratch, { Dockerfile: dockerfile, ...files });

  /** What a build says that must not fail. */
  build = async (...args: string[]): Promise<string> => {
    const built = await sh([docker, "build", ...args], { env: this.env() });
    expect(built.exitCode === 0 ? "" : built.stdout + built.stderr).toBe("");
    return built.stdout;
  };

  /** What a build says that must fail. */
  fails = async (...args: string[]): Promise<string> => {
    const built = await sh([docker, "build", ...args], { env: this.env() });
    expect(built.exitCode).not.toBe(0);
    return built.stdout + built.stderr;
  };

  /** What a shell script in an image prints. */
  inside = (image: string, script: string): Promise<string> =>
    this.#daemon.ok("run", "--rm", "--user", "0", "--entrypoint", "/bin/sh", image, "-c", script);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started?.[Symbol.asyncDispose]();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
