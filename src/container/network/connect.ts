import type { EndpointSettings, NetworkConnectRequest, NetworkDisconnectRequest } from "../../api/types/network.ts";
import { conflict, internal, invalid, isNotFound } from "../../lib/errors.ts";
import type { Networks } from "../../network/for-containers.ts";
import type { Mended } from "../../network/reconcile.ts";
import type { NetworkRecord } from "../../network/record.ts";
import { withChanges } from "../../network/sandbox/hosts.ts";
import type { HostsEntry, Sandbox } from "../../network/sandbox/request.ts";
import type { ContainerDeps } from "../deps.ts";
import { lockContainer } from "../lookup.ts";
import { type ContainerRecord, hasProcess } from "../record.ts";
import { setState } from "../state.ts";
import { updateSpec } from "../table.ts";
import { hostsEntriesOf, rewriteHosts, rewriteResolvConf } from "./hosts-file.ts";

/** `POST /networks/{id}/connect`: at once where the container runs, else with its next start. */
export async function connectContainer(
  deps: ContainerDeps,
  network: string,
  { Container, EndpointConfig }: NetworkConnectRequest,
): Promise<void> {
  using held = await lockContainer(deps, Container ?? "");
  const c = held.container;
  refuseRemoved(c);
  const record = deps.networks.resolve(network);
  const name = record.Name;
  refuseImpossible(deps, c, record);
  const endpoint: EndpointSettings = EndpointConfig ?? {};
  deps.networks.validateEndpoint(record, endpoint);
  const note = () => updateSpec(deps.store, c.id, { ...c.spec, endpoints: { ...c.spec.endpoints, [name]: endpoint } });
  if (hasProcess(c.state)) {
    const before = hostsEntriesOf(deps, c.id);
    return await deps.networks.connect(c.id, network, endpoint, (sandbox) => {
      note();
      applySandbox(deps, c, before, sandbox);
    });
  }
  note();
  forgetLastRun(deps, c);
}

/** `POST /networks/{id}/disconnect`; `Force` also where the network is gone. */
export async function disconnectContainer(
  deps: ContainerDeps,
  network: string,
  { Container, Force }: NetworkDisconnectRequest,
): Promise<void> {
  using held = await lockContainer(deps, Container ?? "");
  const c = held.container;
  refuseRemoved(c);
  const { name, exists } = nameOf(deps, network, Force ?? false);
  const endpoints = endpointsWithout(deps, c.spec.endpoints, name);
  const note = () => updateSpec(deps.store, c.id, { ...c.spec, endpoints });
  if (hasProcess(c.state) && exists) {
    if (c.spec.hostConfig.NetworkMode === "host" && gives(deps, name) === "host") {
      throw invalid("cannot disconnect container from host network - container was created in host network mode");
    }
    const before = hostsEntriesOf(deps, c.id);
    return await deps.networks.disconnect(c.id, network, (sandbox) => {
      note();
      applySandbox(deps, c, before, sandbox);
    });
  }
  if (Object.keys(endpoints).length === Object.keys(c.spec.endpoints).length) {
    throw internal(`container ${c.id} is not connected to the network ${name}`);
  }
  note();
  if (!hasProcess(c.state)) forgetLastRun(deps, c);
}

/** At boot: a change of the running container's networks that a crash cut off has been undone. */
export function noteMended(deps: ContainerDeps, c: ContainerRecord, { before, sandbox, gone }: Mended): void {
  const endpoints = gone.reduce((rest, name) => endpointsWithout(deps, rest, name), c.spec.endpoints);
  updateSpec(deps.store, c.id, { ...c.spec, endpoints });
  applySandbox(deps, c, before, sandbox);
}

type Endpoints = Record<string, EndpointSettings>;

/** The container's endpoints without that of the network, which the request may have named by name or id. */
function endpointsWithout(deps: ContainerDeps, endpoints: Endpoints, name: string): Endpoints {
  const isOther = (ref: string) => ref !== name && nameOf(deps, ref, true).name !== name;
  return Object.fromEntries(Object.entries(endpoints).filter(([ref]) => isOther(ref)));
}

function nameOf(deps: ContainerDeps, network: string, force: boolean): { name: string; exists: boolean } {
  try {
    return { name: deps.networks.resolve(network).Name, exists: true };
  } catch (error) {
    if (force && isNotFound(error)) return { name: network, exists: false };
    throw error;
  }
}

function refuseRemoved(c: ContainerRecord): void {
  if (c.state.phase === "removing" || c.state.phase === "dead") {
    throw conflict(`Container ${c.id} is marked for removal and cannot be connected or disconnected to the network`);
  }
}

function gives(deps: ContainerDeps, ref: string): ReturnType<Networks["gives"]> | null {
  const network = deps.networks.find(ref);
  return network && deps.networks.gives(network);
}

function refuseImpossible(deps: ContainerDeps, c: ContainerRecord, { Name }: NetworkRecord): void {
  const mode = c.spec.hostConfig.NetworkMode ?? "";
  if (gives(deps, Name) === "host" && mode !== "host")
    throw invalid("cannot connect container to host network - container must be created in host network mode");
  if (mode === "host" || mode.startsWith("container:")) {
    throw invalid(
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  if ([Name, ...Object.keys(c.spec.endpoints)].some((ref) => gives(deps, ref) === "nothing")) {
    throw invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}

/** The running container reads the new names at once: its files are changed in place, and keep what it wrote itself. */
function applySandbox(deps: ContainerDeps, c: ContainerRecord, before: readonly HostsEntry[], sandbox: Sandbox): void {
  rewriteHosts(deps, c.id, (text) => withChanges(text, before, sandbox.hostsEntries));
  rewriteResolvConf(deps, c.id, c.state.resolvConf, sandbox.resolvConf);
  setState(deps, c, { network: sandbox.settings, resolvConf: sandbox.resolvConf });
}

/** A container at rest shows the networks it will have, not those it had. */
function forgetLastRun(deps: ContainerDeps, c: ContainerRecord): void {
  const { Networks: _, ...network } = c.state.network;
  setState(deps, c, { network });
}
