import { writeFileSync } from "node:fs";
import type { EndpointSettings, NetworkConnectRequest, NetworkDisconnectRequest } from "../api/types/network.ts";
import { conflict, internal, invalid, isNotFound } from "../lib/errors.ts";
import { connectSandbox, disconnectSandbox } from "../network/connect.ts";
import type { Sandbox } from "../network/context.ts";
import { resolveNetwork } from "../network/resolve.ts";
import type { ContainerContext } from "./context.ts";
import { lockContainer } from "./lookup.ts";
import { hostsPath, resolvConfPath } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";
import { setState } from "./state.ts";
import { updateSpec } from "./table.ts";

/** `POST /networks/{id}/connect`: at once where the container runs, else with its next start. */
export async function connectContainer(ctx: ContainerContext, network: string, { Container, EndpointConfig }: NetworkConnectRequest): Promise<void> {
  using held = await lockContainer(ctx, Container ?? "");
  const c = held.container;
  refuseRemoved(c);
  const { Name: name } = resolveNetwork(ctx.networks, network);
  refuseImpossible(c, name);
  const endpoint: EndpointSettings = EndpointConfig ?? {};
  if (hasTask(c)) applySandbox(ctx, c, await connectSandbox(ctx.networks, c.id, network, endpoint));
  updateSpec(ctx.store, c.id, { ...c.spec, endpoints: { ...c.spec.endpoints, [name]: endpoint } });
  if (!hasTask(c)) forgetLastRun(ctx, c);
}

/** `POST /networks/{id}/disconnect`; `Force` also where the network is gone. */
export async function disconnectContainer(ctx: ContainerContext, network: string, { Container, Force }: NetworkDisconnectRequest): Promise<void> {
  using held = await lockContainer(ctx, Container ?? "");
  const c = held.container;
  refuseRemoved(c);
  const { name, exists } = nameOf(ctx, network, Force ?? false);
  if (hasTask(c) && exists) {
    if (c.spec.hostConfig.NetworkMode === "host" && name === "host") {
      throw invalid("cannot disconnect container from host network - container was created in host network mode");
    }
    applySandbox(ctx, c, await disconnectSandbox(ctx.networks, c.id, network));
  } else if (!Object.hasOwn(c.spec.endpoints, name)) {
    throw internal(`container ${c.id} is not connected to the network ${name}`);
  }
  const { [name]: _, ...endpoints } = c.spec.endpoints;
  updateSpec(ctx.store, c.id, { ...c.spec, endpoints });
  if (!hasTask(c)) forgetLastRun(ctx, c);
}

const hasTask = (c: ContainerRecord) => c.state.phase === "running" || c.state.phase === "paused";

function nameOf(ctx: ContainerContext, network: string, force: boolean): { name: string; exists: boolean } {
  try {
    return { name: resolveNetwork(ctx.networks, network).Name, exists: true };
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

function refuseImpossible(c: ContainerRecord, name: string): void {
  const mode = c.spec.hostConfig.NetworkMode ?? "";
  if (name === "host" && mode !== "host") throw invalid("cannot connect container to host network - container must be created in host network mode");
  if (mode === "host" || mode.startsWith("container:")) {
    throw invalid("container sharing network namespace with another container or host cannot be connected to any other network");
  }
  if (name === "none" || Object.hasOwn(c.spec.endpoints, "none")) {
    throw invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}

/** The running container reads the new names at once: its files are rewritten in place. */
function applySandbox(ctx: ContainerContext, c: ContainerRecord, sandbox: Sandbox): void {
  setState(ctx, c, { network: sandbox.settings });
  writeFileSync(hostsPath(ctx, c.id), sandbox.hosts);
  writeFileSync(resolvConfPath(ctx, c.id), sandbox.resolvConf);
}

/** A container at rest shows the networks it will have, not those it had. */
function forgetLastRun(ctx: ContainerContext, c: ContainerRecord): void {
  const { Networks: _, ...network } = c.state.network;
  setState(ctx, c, { network });
}
