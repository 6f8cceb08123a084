import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { writeContext } from "../build/context.ts";
import { type DockerPrograms, dockerPrograms } from "../clients/debian.ts";
import { Daemon, type Result, sh } from "../harness.ts";
import { type Told, told } from "./told.ts";

/** What a build said, with its steps as the client showed them. */
export interface Built extends Result, Told {}

/** How a client is run, where it matters. */
export interface Running {
  input?: string | Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
}

/**
 * Docker's command line of today with its plugins, with a configuration and a home of its own, and an engine for it:
 * a daemon of the test's own, or the one whose socket TEST_SOCKET names, to try the tests on the reference. The images
 * `busybox` and `alpine` are there. For `beforeAll` and `afterAll` of a file; what it can do may be taken out of it by
 * name.
 */
export class Buildx implements AsyncDisposable {
  readonly scratch = mkdtempSync("/tmp/berth-buildx-");
  #daemon: Daemon | undefined;
  #programs: DockerPrograms | undefined;
  #containerd = false;

  start = async (): Promise<void> => {
    [this.#programs, this.#daemon] = await Promise.all([
      dockerPrograms(),
      process.env.TEST_SOCKET ? undefined : Daemon.start(),
    ]);
    const plugins = join(this.scratch, "config/cli-plugins");
    mkdirSync(plugins, { recursive: true });
    for (const plugin of ["docker-buildx", "docker-compose"])
      symlinkSync(join(this.#programs.plugins, plugin), join(plugins, plugin));
    writeFileSync(join(this.scratch, "config/config.json"), "{}");
    if (!this.#daemon) {
      await this.ok("buildx", "prune", "-af");
      await this.ok("import", "-c", 'CMD ["sh"]', await rootfsTar("busybox"), "busybox");
    }
    await this.ok("tag", "busybox", "alpine");
    this.#containerd = (await this.ok("buildx", "inspect")).includes("worker.snapshotter");
  };

  /** Whether the client is of today's releases; else it is of those that the tests are run with. */
  get newest(): boolean {
    return this.#programs?.newest === true;
  }

  /** Whether the engine shows itself as one with containerd's image store, on which the client allows more. */
  get containerd(): boolean {
    return this.#containerd;
  }

  get host(): string {
    return this.#daemon?.host ?? `unix://${process.env.TEST_SOCKET}`;
  }

  get env(): Record<string, string> {
    return {
      DOCKER_HOST: this.host,
      DOCKER_CONFIG: join(this.scratch, "config"),
      BUILDX_CONFIG: join(this.scratch, "buildx"),
      HOME: this.scratch,
      PATH: `${join(this.#programs?.docker ?? "", "..")}:${process.env.PATH}`,
    };
  }

  /** A command line of Docker's, run to its end. */
  docker = (args: string[], { input, env = {}, cwd = this.scratch }: Running = {}): Promise<Result> =>
    sh(["env", "-C", cwd, this.#programs?.docker ?? "docker", ...args], {
      ...(input !== undefined && { input }),
      env: { ...this.env, ...env },
    });

  /** What a command prints that must not fail, trimmed. */
  ok = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await this.docker(args);
    if (exitCode !== 0)
      throw new Error(
        `docker ${args.join(" ")}: exit ${exitCode}: ${stderr}${stdout}\n${this.#daemon?.log().slice(-2000) ?? ""}`,
      );
    return stdout.trim();
  };

  /** A folder with this Dockerfile and these files, as {@link writeContext} takes them. */
  context = (dockerfile: string, files: Record<string, string> = {}): string =>
    writeContext(this.scratch, { Dockerfile: dockerfile, ...files });

  /** `docker build`, however it ends, with its steps told as plain lines. */
  tried = async (args: string[], running: Running = {}): Promise<Built> => {
    const result = await this.docker(["build", "--progress=plain", ...args], running);
    return { ...result, ...told(result.stderr) };
  };

  /** {@link tried}, which must not fail. */
  build = async (args: string[], running: Running = {}): Promise<Built> => {
    const built = await this.tried(args, running);
    if (built.exitCode !== 0)
      throw new Error(
        `build ${args.join(" ")}: exit ${built.exitCode}\n${built.stderr}\n${this.#daemon?.log().slice(-2000) ?? ""}`,
      );
    return built;
  };

  /** What a build says that must fail: what was shown, and the last words. */
  fails = async (args: string[], running: Running = {}): Promise<Built> => {
    const built = await this.tried(args, running);
    if (built.exitCode === 0) throw new Error(`was built:\n${built.stderr}`);
    return built;
  };

  /** The configuration of an image. */
  config = async (image: string): Promise<Record<string, unknown>> =>
    JSON.parse(await this.ok("image", "inspect", image))[0].Config;

  /** What a shell script in an image prints, trimmed. */
  inside = (image: string, script: string): Promise<string> =>
    this.ok("run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "/bin/sh", image, "-c", script);

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.scratch, { recursive: true, force: true });
    await this.#daemon?.[Symbol.asyncDispose]();
  }
}
