import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon, dockerClients, sh } from "../harness.ts";
import { writeContext } from "./context.ts";

/** One build to try. */
export interface Tried {
  dockerfile: string;
  /** As {@link writeContext} takes them. */
  files?: Record<string, string>;
  /** A shell script that runs in the context's folder before: for what `files` cannot say. */
  setup?: string;
  flags?: string[];
  /** `berth` sends an index of the context, `docker` an archive. */
  client?: "berth" | "docker";
}

/** A daemon that builds, and a look at what it built. */
export class Builder implements AsyncDisposable {
  readonly #scratch = mkdtempSync("/tmp/berth-builder-");

  private constructor(readonly daemon: Daemon) {}

  static async start(): Promise<Builder> {
    return new Builder(await Daemon.start());
  }

  /** Everything in a context is of 2020-02-02T02:02:02Z. */
  async try({
    dockerfile,
    files = {},
    setup = "",
    flags = [],
    client = "docker",
  }: Tried): Promise<{ built: boolean; text: string; image: string }> {
    const root = writeContext(this.#scratch, { Dockerfile: dockerfile, ...files });
    const made = await sh(["sh", "-ec", `cd ${root}\n${setup}\nfind . -exec touch -h -d 2020-02-02T02:02:02Z {} +`]);
    if (made.exitCode !== 0) throw new Error(made.stderr);
    const image = `tried${Bun.hash(root).toString(36)}`;
    const done =
      client === "berth"
        ? await this.daemon.berth("build", "--progress", "plain", "-t", image, ...flags, root)
        : await sh([dockerClients[0] ?? "docker", "build", "-t", image, ...flags, root], {
            env: { DOCKER_HOST: this.daemon.host, DOCKER_BUILDKIT: "0" },
          });
    return { built: done.exitCode === 0, text: done.stdout + done.stderr, image };
  }

  /** The image of a build that must not fail. */
  async build(tried: Tried): Promise<string> {
    const { built, text, image } = await this.try(tried);
    if (!built) throw new Error(text);
    return image;
  }

  /** What a build that must fail says. */
  async refusal(tried: Tried): Promise<string> {
    const { built, text } = await this.try(tried);
    if (built) throw new Error(`was built:\n${text}`);
    return text;
  }

  /**
   * By path, each thing as `drwxr-xr-x 0/0`, a link with ` -> target`; `times`: with the seconds of its time at the
   * end.
   */
  async tree(image: string, { times = false } = {}): Promise<Record<string, string>> {
    const id = await this.daemon.ok("create", "--network", "none", image, "x");
    const archive = join(this.#scratch, `${id}.tar`);
    await this.daemon.ok("export", "-o", archive, id);
    await this.daemon.ok("rm", id);
    const { stdout } = await sh(["tar", "--numeric-owner", "--full-time", "-tvf", archive], { env: { TZ: "UTC" } });
    rmSync(archive);
    return Object.fromEntries(
      stdout
        .trimEnd()
        .split("\n")
        .flatMap((line): [string, string][] => {
          const [, mode = "", owner = "", date = "", time = "", rest = ""] =
            /^(\S+) +(\S+) +\S+ (\S+) (\S+) (.*)$/.exec(line) ?? [];
          const [, path = "", link = ""] = /^(.*?)\/?( -> .*| link to .*)?$/.exec(rest) ?? [];
          return [
            [
              path.replace(/^\.\//, ""),
              `${mode} ${owner}${link}${times ? ` ${Math.floor(Date.parse(`${date}T${time}Z`) / 1000)}` : ""}`,
            ],
          ];
        }),
    );
  }

  /** What the image has at a path. */
  async content(image: string, path: string): Promise<string> {
    const id = await this.daemon.ok("create", "--network", "none", image, "x");
    const { stdout } = await sh(["sh", "-c", `${dockerClients[0] ?? "docker"} cp ${id}:${path} - | tar -xO`], {
      env: { DOCKER_HOST: this.daemon.host },
    });
    await this.daemon.ok("rm", id);
    return stdout;
  }

  /** Its configuration, and what its history tells, oldest first. */
  async told(image: string): Promise<{ config: Record<string, unknown>; history: string[] }> {
    const [inspected] = JSON.parse(await this.daemon.ok("image", "inspect", image));
    const { json } = await this.daemon.api("GET", `/images/${image}/history`);
    return {
      config: inspected.Config,
      history: json.map(({ CreatedBy }: { CreatedBy: string }) => CreatedBy).reverse(),
    };
  }

  /** Bytes of the image. */
  async size(image: string): Promise<number> {
    return JSON.parse(await this.daemon.ok("image", "inspect", image))[0].Size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#scratch, { recursive: true, force: true });
    await this.daemon[Symbol.asyncDispose]();
  }
}

/** Of a tree, what is named. */
export function pick(tree: Record<string, string>, ...paths: string[]): string[] {
  return paths.map((path) => tree[path] ?? "nothing");
}
