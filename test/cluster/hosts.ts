import { randomBytes } from "node:crypto";
import { runOk } from "../../src/lib/run.ts";
import { Daemon } from "../harness.ts";

/** A machine of a cluster: a network namespace on the cable that all of them share, and a daemon on it. */
export interface ClusterHost {
  name: string;
  ip: string;
  /** File of its network namespace. */
  netns: string;
  daemon: Daemon;
  /** Cuts it off from the others, or takes it back. */
  cutOff(): Promise<void>;
  heal(): Promise<void>;
}

/** Machines of a cluster, side by side on one network. Leaves nothing behind. */
export class ClusterHosts implements AsyncDisposable {
  readonly hosts: ClusterHost[] = [];
  /** A machine on the cable that is none of the cluster's. */
  outside = { netns: "", ip: "10.66.0.254" };
  readonly #undo = new AsyncDisposableStack();

  static async start(count: number): Promise<ClusterHosts> {
    const rig = new ClusterHosts();
    try {
      await rig.#lay(count);
    } catch (error) {
      await rig[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
    return rig;
  }

  /** The machine of this number, from 1. */
  host(number: number): ClusterHost {
    const host = this.hosts[number - 1];
    if (!host) throw new Error(`there is no host ${number}`);
    return host;
  }

  async #lay(count: number): Promise<void> {
    const tag = randomBytes(2).toString("hex");
    const cable = `bc${tag}`;
    await runOk(["ip", "netns", "add", cable]);
    this.#undo.defer(async () => void (await runOk(["ip", "netns", "del", cable])));
    await runOk(["ip", "-n", cable, "link", "add", "br0", "type", "bridge"]);
    await runOk(["ip", "-n", cable, "address", "add", `${this.outside.ip}/24`, "dev", "br0"]);
    await runOk(["ip", "-n", cable, "link", "set", "br0", "up"]);
    this.outside.netns = `/run/netns/${cable}`;
    await Promise.all(Array.from({ length: count }, (_, index) => this.#addHost(cable, tag, index + 1)));
  }

  async #addHost(cable: string, tag: string, number: number): Promise<void> {
    const [name, ip] = [`bh${tag}${number}`, `10.66.0.${number}`];
    await runOk(["ip", "netns", "add", name]);
    this.#undo.defer(async () => void (await runOk(["ip", "netns", "del", name])));
    const veth = ["type", "veth", "peer", "name", `to${number}`, "netns", cable];
    await runOk(["ip", "-n", name, "link", "add", "eth0", ...veth]);
    await runOk(["ip", "-n", cable, "link", "set", `to${number}`, "master", "br0", "up"]);
    await runOk(["ip", "-n", name, "address", "add", `${ip}/24`, "dev", "eth0"]);
    for (const link of ["lo", "eth0"]) await runOk(["ip", "-n", name, "link", "set", link, "up"]);
    const netns = `/run/netns/${name}`;
    const daemon = await Daemon.start({ netns });
    this.#undo.defer(async () => {
      await daemon.api("POST", "/swarm/leave?force=1").catch(() => {});
      await daemon[Symbol.asyncDispose]();
    });
    const link = (state: "up" | "down") => runOk(["ip", "-n", cable, "link", "set", `to${number}`, state]);
    this.hosts[number - 1] = {
      name,
      ip,
      netns,
      daemon,
      cutOff: async () => void (await link("down")),
      heal: async () => void (await link("up")),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}
