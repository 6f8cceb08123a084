import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { unmount } from "../../src/linux/mount.ts";
import { sh, until } from "../harness.ts";
import { endRig, mountsBelow } from "../leftovers.ts";

/**
 * A dockerd of the machine's on roots of its own, which is stopped and leaves its data root behind. Disposing of it
 * removes that too.
 */
export class DockerSource implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-source-");
  readonly data = join(this.root, "data");
  readonly #bridge = `bs${randomBytes(3).toString("hex")}`;
  /** It leaves those of its networks. */
  readonly #bridges = new Set<string>();
  #child: Bun.Subprocess | undefined;

  private constructor(private readonly args: string[]) {}

  /** It has the image `busybox`. `args`: options of dockerd's. */
  static async start(...args: string[]): Promise<DockerSource> {
    const source = new DockerSource(args);
    await sh(["ip", "link", "add", source.#bridge, "type", "bridge"]);
    await sh(["ip", "address", "add", `10.198.${randomBytes(1)[0]}.1/24`, "dev", source.#bridge]);
    await source.up();
    await source.ok("import", await rootfsTar("busybox"), "busybox");
    return source;
  }

  async up(): Promise<void> {
    writeFileSync(join(this.root, "daemon.json"), "{}");
    const places = { host: `unix://${this.root}/sock`, "data-root": this.data, "exec-root": `${this.root}/exec` };
    const files = { pidfile: `${this.root}/pid`, "config-file": `${this.root}/daemon.json`, bridge: this.#bridge };
    this.#child = Bun.spawn(
      [
        "dockerd",
        ...["--iptables=false", "--log-level", "fatal", ...this.args],
        ...Object.entries({ ...places, ...files }).flatMap(([name, value]) => [`--${name}`, value]),
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    );
    await until("dockerd to answer", () =>
      fetch("http://d/_ping", { unix: join(this.root, "sock") }).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
  }

  /** What the command line prints; failure is an error. */
  async ok(...args: string[]): Promise<string> {
    const env = { DOCKER_HOST: `unix://${this.root}/sock`, DOCKER_BUILDKIT: "0" };
    const { exitCode, stdout, stderr } = await sh(["/usr/bin/docker", ...args], { env });
    if (exitCode !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** Builds an image; `files` by their names in the context. */
  async build(tag: string, dockerfile: string, files: Record<string, string | Uint8Array> = {}): Promise<void> {
    const context = join(this.root, `context-${tag.replace(/\W/g, "-")}`);
    mkdirSync(context);
    for (const [name, content] of Object.entries({ ...files, Dockerfile: dockerfile }))
      writeFileSync(join(context, name), content);
    await this.ok("build", "--quiet", "--network", "none", "--tag", tag, context);
  }

  /** Ends it as its service manager does, or by `kill -9`. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#child) {
      const ids = (await this.ok("network", "ls", "-q", "--filter", "type=custom")).split("\n").filter(Boolean);
      for (const id of ids) this.#bridges.add(`br-${id}`);
    }
    this.#child?.kill(signal);
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** All that is below the data root, with what would show a change to it. */
  listing(): string[] {
    const lines: string[] = [];
    for (const name of readdirSync(this.data, { recursive: true, encoding: "utf8" }).sort()) {
      const path = join(this.data, name);
      const { mode, uid, gid, size, mtimeMs, ino } = lstatSync(path);
      const isFile = (mode & 0o170000) === 0o100000;
      const isLink = (mode & 0o170000) === 0o120000;
      const content = isFile ? Bun.hash(readFileSync(path)) : isLink ? readlinkSync(path) : "";
      lines.push(`${name} ${mode.toString(8)} ${uid}:${gid} ${isFile ? size : ""} ${mtimeMs} ${ino} ${content}`);
    }
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // One that leaves its containers alive leaves what watches them.
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      if (watches(pid, this.root)) process.kill(Number(pid), "SIGKILL");
    // The reference leaves its mounts.
    for (const target of mountsBelow(this.root).reverse()) unmount(target, { detach: true });
    for (const link of [this.#bridge, ...this.#bridges]) await sh(["ip", "link", "delete", link]);
    await endRig({ root: this.root });
  }
}

function watches(pid: string, root: string): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return line.includes("containerd-shim") && line.includes(`${root}/`);
  } catch {
    return false;
  }
}
