import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, runOk } from "../../src/lib/run.ts";
import { silent } from "../../src/lib/log.ts";
import type { NetworkContext, Sandbox, SandboxRequest } from "../../src/network/context.ts";
import { defaultAddressPools } from "../../src/network/ipam.ts";
import { dismantleNetworks } from "../../src/network/dismantle.ts";
import { LiveNetworks } from "../../src/network/live.ts";
import { reconcileNetworks } from "../../src/network/reconcile.ts";
import { setUpSandbox } from "../../src/network/set-up.ts";
import { startNetworks } from "../../src/network/start.ts";
import { newId } from "../../src/lib/ids.ts";
import { openStore } from "../../src/store/store.ts";

export interface NetworkEvent {
  action: string;
  id: string;
  attributes: Record<string, string>;
}

/** The networks of a daemon of its own: data, bridge, firewall table. Leaves nothing behind, and proves it. */
export class TestNetworks implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "berth-net-"));
  readonly instance = newId().slice(0, 8);
  readonly events: NetworkEvent[] = [];
  ctx: NetworkContext;

  private constructor(private readonly overrides: Partial<NetworkContext>) {
    this.ctx = this.#context();
  }

  static async start(overrides: Partial<NetworkContext> = {}): Promise<TestNetworks> {
    const networks = new TestNetworks(overrides);
    await startNetworks(networks.ctx);
    await reconcileNetworks(networks.ctx, []);
    return networks;
  }

  get bridge(): string {
    return `bt${this.instance}`;
  }

  /** The first three bytes of a subnet that no other run of the tests has. */
  get net(): string {
    return `10.${100 + (parseInt(this.instance.slice(0, 2), 16) % 100)}.${parseInt(this.instance.slice(2, 4), 16)}`;
  }

  #context(): NetworkContext {
    return {
      store: openStore(join(this.root, "berth.db")),
      events: { publish: (_type, action, actor) => void this.events.push({ action, id: actor.ID, attributes: actor.Attributes }) },
      log: silent,
      execRoot: this.root,
      instance: this.instance,
      bridge: {
        name: this.bridge, cidr: "", fixedCidr: "", ipv6: false, fixedCidrV6: "", defaultGateway: "", defaultGatewayV6: "",
        icc: true, masquerade: true, mtu: 0,
      },
      dns: { servers: [], search: [], options: [] },
      addressPools: defaultAddressPools, defaultOptions: {},
      hostGatewayIps: [],
      publishAddress: "",
      ipForward: true,
      live: new LiveNetworks(),
      ...this.overrides,
    };
  }

  /** The daemon dies without a word and comes back. */
  async crashAndRestart(liveContainerIds: string[]): Promise<void> {
    this.ctx.live[Symbol.dispose]();
    this.ctx.store.close();
    this.ctx = this.#context();
    await startNetworks(this.ctx);
    await reconcileNetworks(this.ctx, liveContainerIds);
  }

  async setUp(request: Partial<SandboxRequest> = {}): Promise<Sandbox & { id: string; ip: string; ip6: string; path: string }> {
    const id = request.containerId ?? newId();
    const sandbox = await setUpSandbox(this.ctx, {
      containerId: id, name: `c${id.slice(0, 6)}`, hostname: id.slice(0, 12), domainname: "", networkMode: "default", endpoints: {},
      exposedPorts: [], portBindings: {}, publishAllPorts: false, dns: [], dnsOptions: [], dnsSearch: [], extraHosts: [], links: [], ...request,
    });
    const [first] = Object.values(sandbox.settings.Networks ?? {});
    return { ...sandbox, id, ip: first?.IPAddress ?? "", ip6: first?.GlobalIPv6Address ?? "", path: sandbox.netnsPath ?? "" };
  }

  /** What of ours the kernel still has: links by our mark, our table, our namespaces. */
  async leftovers(): Promise<string[]> {
    const links = (await runOk(["ip", "-d", "link"])).split("\n").filter((line) => line.includes(`berth-${this.instance}`));
    const tables = (await runOk(["nft", "list", "tables"])).split("\n").filter((line) => line.includes(this.instance));
    const mounts = (await Bun.file("/proc/self/mounts").text()).split("\n").filter((line) => line.includes(this.root));
    return [...links, ...tables, ...mounts];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await dismantleNetworks(this.ctx);
    this.ctx.store.close();
    await until(async () => (await this.leftovers()).length === 0, async () => `left behind: ${(await this.leftovers()).join("\n")}`);
    rmSync(this.root, { recursive: true });
  }
}

/** Waits for a condition; says what is wrong when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, complaint: () => string | Promise<string> = () => "condition did not come", ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(await complaint());
    await Bun.sleep(10);
  }
}

/** Runs a program in a namespace. */
export function inside(path: string, argv: string[], input?: string) {
  return run(["nsenter", `--net=${path}`, ...argv], input === undefined ? {} : { input });
}
