import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { detectCgroups } from "../../src/linux/cgroup.ts";
import { cgroupDirs, removeCgroup } from "../../src/linux/cgroup-tree.ts";
import { dockerPrograms } from "../clients/debian.ts";
import { kept, ok } from "../clients/kept.ts";
import { type Result, sh, until } from "../harness.ts";
import { endRig } from "../leftovers.ts";

/** What a server has before Berth comes: a Debian with systemd, and what Berth's package depends on. */
const packages = [
  ...["apt", "ca-certificates", "conmon", "crun", "dbus", "debconf", "iproute2", "netbase", "nftables", "procps"],
  ...["systemd", "systemd-sysv", "tini"],
];

/**
 * A Debian machine with systemd as its first process: namespaces, control groups and a file system (in memory, 900 MB)
 * of its own, and no way out of it. Docker's Compose is on it, as a plugin.
 */
export class Server implements AsyncDisposable {
  readonly root = mkdtempSync("/tmp/berth-server-");
  /** What both sides see: `/shared` over there. */
  readonly shared = join(this.root, "shared");
  readonly #cgroups = cgroupDirs(detectCgroups(), basename(this.root));
  #child: Bun.Subprocess | undefined;
  #init = 0;

  private constructor() {}

  static async boot(): Promise<Server> {
    const tar = await debianTar();
    const { plugins } = await dockerPrograms();
    const server = new Server();
    try {
      await server.#boot(tar);
      await server.ok(`mkdir -p /usr/local/lib/docker/cli-plugins`);
      await server.give(join(plugins, "docker-compose"), "/usr/local/lib/docker/cli-plugins/docker-compose");
      await server.give(await rootfsTar("busybox"), "/root/busybox.tar");
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  async #boot(tar: string): Promise<void> {
    const debian = join(this.root, "debian");
    mkdirSync(debian);
    await ok(["tar", "-xf", tar, "-C", debian]);
    mkdirSync(this.shared);
    for (const dir of this.#cgroups) makeCgroup(dir);
    const log = openSync(join(this.root, "console"), "a");
    const enter = this.#cgroups.map((dir) => `echo $$ >${dir}/cgroup.procs`).join(" && ");
    const fresh = "--fork --kill-child --pid --mount --net --uts --ipc --cgroup";
    const boot = join(import.meta.dir, "boot.sh");
    this.#child = Bun.spawn(
      ["sh", "-c", `${enter} && exec unshare ${fresh} sh ${boot} "$@"`, "sh", this.root, debian, this.shared],
      { stdin: "ignore", stdout: log, stderr: log },
    );
    closeSync(log);
    const { pid } = this.#child;
    this.#init = await until("systemd to be the first process", () => {
      this.#mustLive();
      const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
      return child > 0 && readFileSync(`/proc/${child}/comm`, "utf8") === "systemd\n" ? child : 0;
    });
    await until("the system to run", async () => {
      this.#mustLive();
      return (await this.run("systemctl is-system-running")).stdout === "running\n";
    });
  }

  #mustLive(): void {
    if (this.#child?.exitCode !== null) throw new Error(`the server ended: ${this.console()}`);
  }

  /** What it wrote on its console. */
  console(): string {
    return readFileSync(join(this.root, "console"), "utf8");
  }

  /** Where a path of the server is to be found from here. */
  path(path: string): string {
    return join(`/proc/${this.#init}/root`, path);
  }

  /** Runs a script of the shell on it, as root. */
  run(script: string, env: Record<string, string> = {}): Promise<Result> {
    const variables = {
      HOME: "/root",
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      DEBIAN_FRONTEND: "noninteractive",
      ...env,
    };
    const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const there = ["nsenter", `--target=${this.#init}`, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
    return sh([...there, "env", "-i", ...settings, "sh", "-c", script]);
  }

  /** What a script prints that must not fail. */
  async ok(script: string, env?: Record<string, string>): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(script, env);
    if (exitCode !== 0) throw new Error(`${script}: exit ${exitCode}: ${stderr}${stdout}\n${await this.journal()}`);
    return stdout.trimEnd();
  }

  /** Has it go down, and waits until it has. */
  async powerOff(): Promise<void> {
    await this.run("systemctl poweroff");
    await this.#child?.exited;
  }

  /** What its units said last. */
  async journal(): Promise<string> {
    return (await this.run("journalctl --no-pager --lines 60 --output short-monotonic")).stdout;
  }

  /** Copies a file to it. */
  async give(file: string, path: string): Promise<void> {
    await ok(["cp", file, this.path(path)]);
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.path(path), ".."), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    // The kernel takes all that ran there with it, in its own time.
    await until("the control groups to be empty", () => this.#cgroups.map(removeCgroup).every(Boolean));
    await endRig({ root: this.root });
  }
}

/** The files of such a server, made once. */
async function debianTar(): Promise<string> {
  const folder = await kept("server", packages.join(), async (folder) => {
    await ok([
      "mmdebstrap",
      "--variant=apt",
      "--mode=root",
      "--quiet",
      "--aptopt=Acquire::Languages none",
      "--aptopt=Acquire::Retries 5",
      "--dpkgopt=path-exclude=/usr/share/doc/*",
      "--dpkgopt=path-exclude=/usr/share/locale/*",
      `--include=${packages.join()}`,
      "bookworm",
      join(folder, "debian.tar"),
    ]);
  });
  return join(folder, "debian.tar");
}

/** On version 1 a new cpuset takes nobody before it is told its processors and memory nodes. */
function makeCgroup(dir: string): void {
  mkdirSync(dir);
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const parent = join(dir, "..", file);
    if (existsSync(join(dir, file)) && existsSync(parent) && existsSync(join(dir, "tasks")))
      writeFileSync(join(dir, file), readFileSync(parent, "utf8").trim());
  }
}
