import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { freePort, sh, until } from "../harness.ts";

type Child = Bun.Subprocess<"ignore", "ignore", "ignore">;

/** A folder that another program serves on loopback, and the options by which rclone's volumes get there. */
export class Remote implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly options: string[],
    private readonly child: Child,
  ) {}

  static async serve(kind: "webdav" | "sftp", folder: string): Promise<Remote> {
    mkdirSync(folder, { recursive: true });
    const port = freePort();
    const address = `127.0.0.1:${port}`;
    const { stdout } = await sh(["rclone", "obscure", "secret"]);
    const access = kind === "sftp" ? ["--user", "me", "--pass", "secret"] : [];
    const child = Bun.spawn(["rclone", "serve", kind, folder, "--addr", address, "--config", "", ...access], quiet);
    await until(`rclone to serve ${kind}`, () =>
      Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
        (socket) => !socket.end(),
        () => false,
      ),
    );
    const options =
      kind === "webdav"
        ? ["type=webdav", `webdav-url=http://${address}`]
        : ["type=sftp", "sftp-host=127.0.0.1", `sftp-port=${port}`, "sftp-user=me", `sftp-pass=${stdout.trim()}`];
    return new Remote(folder, ["vfs-cache-mode=writes", "vfs-write-back=0s", "path=", ...options], child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.child);
  }
}

const quiet = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;

async function ended(child: Child, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  child.kill(signal);
  await child.exited;
}

/** Debian's rclone as a volume plugin (`rclone serve docker`), which can go and come back. */
export class RclonePlugin implements AsyncDisposable {
  #child: Child | undefined;

  /** `root`: for its mounts, its notes and its cache. The caller removes it. */
  constructor(
    readonly socket: string,
    readonly root: string,
  ) {}

  async up(): Promise<void> {
    rmSync(this.socket, { force: true });
    const folders = ["--base-dir", `${this.root}/mounts`, "--cache-dir", `${this.root}/cache`, "--config", ""];
    this.#child = Bun.spawn(
      ["rclone", "serve", "docker", "--socket-addr", this.socket, "--socket-gid", "0", ...folders],
      quiet,
    );
    await until("rclone to listen", () => existsSync(this.socket));
  }

  async down(signal: NodeJS.Signals): Promise<void> {
    if (this.#child) await ended(this.#child, signal);
  }

  /** Mounts below its folder, dead ones too. */
  mounts(): string[] {
    return readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((path) => path.startsWith(`${this.root}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down("SIGKILL");
    for (const path of this.mounts()) await sh(["umount", "-l", path]);
  }
}
