import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/lib/run.ts";
import { endRig } from "../leftovers.ts";
import { until } from "./harness.ts";
import type { Machine } from "./machine.ts";

/** A message bus for one machine, whose root may do everything. */
function busConfig(socket: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>`;
}

/** A message bus, and the real firewalld on it once it is started, for a machine of a test's own. */
export class FirewalldMachine implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "berth-firewalld-"));
  readonly #environment = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.#folder, "bus")}` };
  #bus: Bun.Subprocess | null = null;
  #firewalld: Bun.Subprocess | null = null;

  constructor(private readonly machine: Machine) {
    mkdirSync(join(this.#folder, "etc"));
    cpSync("/etc/firewalld", join(this.#folder, "etc"), { recursive: true });
  }

  get environment(): { DBUS_SYSTEM_BUS_ADDRESS: string } {
    return { DBUS_SYSTEM_BUS_ADDRESS: this.#environment.DBUS_SYSTEM_BUS_ADDRESS };
  }

  async startBus(): Promise<void> {
    writeFileSync(join(this.#folder, "bus.conf"), busConfig(join(this.#folder, "bus")));
    this.#bus = Bun.spawn(
      ["dbus-daemon", `--config-file=${join(this.#folder, "bus.conf")}`, "--nofork", "--nopidfile"],
      { stdout: "ignore", stderr: "ignore" },
    );
    await until(() =>
      Bun.file(join(this.#folder, "bus"))
        .exists()
        .then(async (exists) => exists || (await run(["test", "-S", join(this.#folder, "bus")])).exitCode === 0),
    );
  }

  async startFirewalld(): Promise<void> {
    this.#firewalld = Bun.spawn(
      [
        "nsenter",
        `--net=${this.machine.path}`,
        "/usr/sbin/firewalld",
        "--nofork",
        "--nopid",
        "--system-config",
        join(this.#folder, "etc"),
        "--log-file",
        join(this.#folder, "log"),
      ],
      { stdout: "ignore", stderr: "ignore", env: this.#environment },
    );
    await until(
      async () => (await this.#command("--state")).exitCode === 0,
      () => "firewalld did not start",
    );
  }

  async stopFirewalld(): Promise<void> {
    this.#firewalld?.kill();
    await this.#firewalld?.exited;
    this.#firewalld = null;
  }

  /** `firewall-cmd`; a failure is an error. */
  async command(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#command(...args);
    if (exitCode !== 0) throw new Error(`firewall-cmd ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  #command(...args: string[]) {
    return run(["firewall-cmd", ...args], { env: { PATH: process.env["PATH"] ?? "", ...this.environment } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopFirewalld();
    this.#bus?.kill();
    await this.#bus?.exited;
    await endRig({ root: this.#folder });
  }
}
