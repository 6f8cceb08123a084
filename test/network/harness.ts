import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "../../src/lib/ids.ts";
import { silent } from "../../src/lib/log.ts";
import { run } from "../../src/lib/run.ts";
import { defaultAddressPools } from "../../src/network/address/ipam.ts";
import { builtinIpamDrivers } from "../../src/network/address/ipam-driver.ts";
import type { NetworkDeps } from "../../src/network/deps.ts";
import { dismantleNetworks } from "../../src/network/dismantle.ts";
import { Resolver } from "../../src/network/dns/resolver.ts";
import { networkDrivers } from "../../src/network/driver/builtin.ts";
import { LiveNetworks } from "../../src/network/live.ts";
import { reconcileNetworks } from "../../src/network/reconcile.ts";
import type { Sandbox, SandboxRequest } from "../../src/network/sandbox/request.ts";
import { setUpSandbox } from "../../src/network/sandbox/set-up.ts";
import { startNetworks } from "../../src/network/start.ts";
import { Plugins } from "../../src/plugin/plugins.ts";
import { openStore } from "../../src/store/store.ts";
import { type Belongings, endRig, leftovers } from "../leftovers.ts";

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
  deps: NetworkDeps;

  private constructor(private readonly overrides: Partial<NetworkDeps>) {
    this.deps = this.#context();
  }

  static async start(overrides: Partial<NetworkDeps> = {}): Promise<TestNetworks> {
    const networks = new TestNetworks(overrides);
    await startNetworks(networks.deps);
    await reconcileNetworks(networks.deps, []);
    return networks;
  }

  get bridge(): string {
    return `bt${this.instance}`;
  }

  /** The first three bytes of a subnet that no other run of the tests has. */
  get net(): string {
    return `10.${100 + (parseInt(this.instance.slice(0, 2), 16) % 100)}.${parseInt(this.instance.slice(2, 4), 16)}`;
  }

  #context(): NetworkDeps {
    const store = openStore(join(this.root, "berth.db"));
    return {
      store,
      drivers: networkDrivers(),
      plugins: new Plugins([], silent),
      ipamDrivers: builtinIpamDrivers(),
      resolver: new Resolver(store),
      events: {
        publish: (_type, action, actor) =>
          void this.events.push({ action, id: actor.ID, attributes: actor.Attributes }),
      },
      log: silent,
      execRoot: this.root,
      instance: this.instance,
      bridge: {
        name: this.bridge,
        cidr: "",
        cidrV6: "",
        fixedCidr: "",
        ipv6: false,
        fixedCidrV6: "",
        defaultGateway: "",
        defaultGatewayV6: "",
        icc: true,
        masquerade: true,
        mtu: 0,
      },
      dns: { servers: [], search: [], options: [] },
      addressPools: defaultAddressPools,
      defaultOptions: {},
      hostGatewayIps: [],
      publishAddress: "",
      publishPolicy: "open",
      allowDirectRouting: false,
      systemBus: join(this.root, "no-bus"),
      ipForward: true,
      live: new LiveNetworks(),
      ...this.overrides,
    };
  }

  /** The daemon dies without a word and comes back. */
  async crashAndRestart(liveContainerIds: string[]): Promise<void> {
    this.deps.live[Symbol.dispose]();
    this.deps.store.close();
    this.deps = this.#context();
    await startNetworks(this.deps);
    await reconcileNetworks(this.deps, liveContainerIds);
  }

  async setUp(
    request: Partial<SandboxRequest> = {},
  ): Promise<Sandbox & { id: string; ip: string; ip6: string; path: string }> {
    const id = request.containerId ?? newId();
    const sandbox = await setUpSandbox(this.deps, {
      containerId: id,
      name: `c${id.slice(0, 6)}`,
      hostname: id.slice(0, 12),
      domainname: "",
      networkMode: "default",
      endpoints: {},
      exposedPorts: [],
      portBindings: {},
      publishAllPorts: false,
      dns: [],
      dnsOptions: [],
      dnsSearch: [],
      extraHosts: [],
      links: [],
      ...request,
    });
    const [first] = Object.values(sandbox.settings.Networks ?? {});
    return {
      ...sandbox,
      id,
      ip: first?.IPAddress ?? "",
      ip6: first?.GlobalIPv6Address ?? "",
      path: sandbox.netnsPath ?? "",
    };
  }

  get #belongings(): Belongings {
    return { root: this.root, instance: this.instance, bridge: this.bridge };
  }

  /** What of ours the kernel has: links by our mark, our table, our namespaces. */
  leftovers(): Promise<string[]> {
    return leftovers(this.#belongings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await dismantleNetworks(this.deps);
    this.deps.store.close();
    await endRig(this.#belongings);
  }
}

/** Waits for a condition; says what is wrong when it does not come. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  complaint: () => string | Promise<string> = () => "condition did not come",
  ms = 60_000,
): Promise<void> {
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
