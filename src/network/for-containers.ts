import type { EndpointSettings } from "../api/types/network.ts";
import type { NetworkDeps } from "./deps.ts";
import { driverOf, type NetworkCapabilities } from "./driver/driver.ts";
import { connectSandbox, disconnectSandbox, type Settle } from "./endpoint/connect.ts";
import { validateEndpoint } from "./endpoint/endpoint.ts";
import { type Note, type Republication, republishSandbox } from "./ports/republish.ts";
import { type Mended, reconcileNetworks } from "./reconcile.ts";
import type { NetworkRecord } from "./record.ts";
import { renameSandbox } from "./rename.ts";
import { findNetwork, resolveNetwork } from "./resolve.ts";
import type { HostsEntry, Sandbox, SandboxRequest } from "./sandbox/request.ts";
import { bridgeEndpoint, describeSandbox, linkEntries } from "./sandbox/sandbox.ts";
import { setUpSandbox } from "./sandbox/set-up.ts";
import { tearDownSandbox } from "./sandbox/tear-down.ts";
import { addressOf, sandboxOf, saveSandbox } from "./table.ts";

/**
 * What containers need of networks. A sandbox is a container's place on them, under the container's id, for as long as
 * it runs. The files of this folder say what each verb does.
 */
export interface Networks {
  /** By name or id; throws `not-found`. */
  resolve(ref: string): NetworkRecord;
  find(ref: string): NetworkRecord | null;
  /** What containers on it get. */
  gives(network: NetworkRecord): NetworkCapabilities["gives"];
  /** Throws `invalid`, with Docker's text, where the network cannot give what the settings ask for. */
  validateEndpoint(network: NetworkRecord, settings: EndpointSettings): void;

  setUp(request: SandboxRequest): Promise<Sandbox>;
  tearDown(id: string): Promise<void>;
  /** The container's sandbox now; null: it has none, as it does not run. */
  describe(id: string): Sandbox | null;
  connect(id: string, network: string, endpoint: EndpointSettings | null, settle: Settle): Promise<void>;
  disconnect(id: string, network: string, settle: Settle): Promise<void>;
  /** Returns a function that undoes the change. */
  republish(id: string, change: Republication, note: Note): Promise<() => Promise<void>>;
  rename(id: string, name: string): void;

  /** The container's IPv4 address on the default bridge; empty where it is not on that network now. */
  bridgeAddress(id: string): string;
  /**
   * The hosts file entries of the container's links, without the alias that is being removed; `save` writes the removal
   * down. Null where it does not run.
   */
  links(id: string, without?: string): { entries: HostsEntry[]; save(): void } | null;
  /** At boot: removes the sandboxes of all but these containers. Returns, by container id, what had to be undone. */
  reconcile(liveIds: ReadonlySet<string>): Promise<Map<string, Mended>>;
}

/** The side of networking that the container code uses, over the functions of this folder. */
export function networksForContainers(deps: NetworkDeps): Networks {
  return {
    resolve: (ref) => resolveNetwork(deps, ref),
    find: (ref) => findNetwork(deps, ref),
    gives: (network) => driverOf(deps, network).gives,
    validateEndpoint: (network, settings) => validateEndpoint(deps, network, settings),
    setUp: (request) => setUpSandbox(deps, request),
    tearDown: (id) => tearDownSandbox(deps, id),
    describe(id) {
      const sandbox = sandboxOf(deps.store, id);
      return sandbox && describeSandbox(deps, sandbox);
    },
    connect: (id, network, endpoint, settle) => connectSandbox(deps, id, network, endpoint, settle),
    disconnect: (id, network, settle) => disconnectSandbox(deps, id, network, settle),
    republish: (id, change, note) => republishSandbox(deps, id, change, note),
    rename: (id, name) => renameSandbox(deps, id, name),
    bridgeAddress: (id) => addressOf(bridgeEndpoint(deps, id)?.ipv4 ?? ""),
    links(id, without) {
      const sandbox = sandboxOf(deps.store, id);
      if (!sandbox) return null;
      const left = { ...sandbox, links: sandbox.links.filter(({ alias }) => alias !== without) };
      return { entries: linkEntries(deps, left), save: () => saveSandbox(deps.store, left) };
    },
    reconcile: (liveIds) => reconcileNetworks(deps, liveIds),
  };
}
