import { existsSync } from "node:fs";
import { join } from "node:path";
import { sh, until } from "../harness.ts";

/** An entry of the journal, as journalctl writes it. */
export type JournalEntry = Record<string, string>;

/** A real systemd-journald in a mount namespace of its own, where it is at the places that all know. */
export class Journal implements AsyncDisposable {
  #process: Bun.Subprocess | null = null;

  /** `folder`: an empty one, for all that it has. */
  constructor(private readonly folder: string) {}

  async start(): Promise<void> {
    const script = `
set -e
mkdir -p "$1/systemd/journal" "$1/log/journal"
mkdir -p /run/systemd /run/log
mount --bind "$1/systemd" /run/systemd
mount --bind "$1/log" /run/log
exec /lib/systemd/systemd-journald`;
    this.#process = Bun.spawn(
      ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", this.folder],
      { stdout: "ignore", stderr: Bun.file(join(this.folder, "errors")) },
    );
    await until("systemd-journald", () => existsSync(join(this.folder, "systemd/journal/socket")));
  }

  /** File of its mount namespace. */
  get mountns(): string {
    return `/proc/${this.#process?.pid}/ns/mnt`;
  }

  /** It is there, and takes nothing more than its socket's queue. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async entries(...matches: string[]): Promise<JournalEntry[]> {
    const { stdout } = await sh(["journalctl", "-D", join(this.folder, "log/journal"), "-a", "-o", "json", ...matches]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill();
    await this.#process?.exited;
  }
}
