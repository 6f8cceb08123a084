import type { HostConfig, PortBinding, PortMap, UpdateBody } from "../../api/types/container.ts";
import { conflict, invalid, notFound } from "../../lib/errors.ts";
import { formatIp, parseIp } from "../../lib/ip.ts";
import { type PortGrant, parsePort } from "../../network/ports/plan.ts";
import type { Republication } from "../../network/ports/republish.ts";
import { completePorts } from "../create/defaults.ts";
import { validatePorts } from "../create/validate-request.ts";
import type { ContainerSpec } from "../record.ts";
import { sharedContainer } from "./network-files.ts";

/**
 * A planned change of a container's ports: `exposed` and `bindings` are its new ExposedPorts and PortBindings,
 * `republication` what a running container has to do for it.
 */
export interface Publication {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
  republication: Republication;
}

/**
 * What a change makes of the ports that a container asks for; null: nothing. `published`: where they are now, if it
 * runs. Throws where the change is impossible. Pure.
 */
export function planPublication(
  spec: ContainerSpec,
  published: PortMap,
  { PublishAdd, PublishRemove }: Pick<UpdateBody, "PublishAdd" | "PublishRemove">,
): Publication | null {
  const [add, remove] = [checked(PublishAdd), checked(PublishRemove)];
  if (Object.keys(add).length + Object.keys(remove).length === 0) return null;
  const { NetworkMode, PublishAllPorts, PortBindings } = spec.hostConfig;
  if (sharedContainer(NetworkMode) !== undefined)
    throw invalid("conflicting options: port publishing and the container type network mode");
  const bindings = new Map<string, PortBinding[]>(Object.entries(completePorts(PortBindings ?? {})));
  const removals: Removal[] = Object.entries(remove).flatMap(([port, list]) =>
    (list.length > 0 ? list : [{}]).map((one) => removalOf(port, one)),
  );
  for (const removal of removals) takeOut(bindings, removal, published?.[removal.port] ?? [], PublishAllPorts ?? false);
  for (const [port, list] of Object.entries(add)) {
    const there = [...(bindings.get(port) ?? [])];
    for (const binding of list) {
      if (
        binding.HostPort &&
        there.some((other) => other.HostPort === binding.HostPort && address(other) === address(binding))
      )
        throw conflict(`port ${port} is already published at ${shown(binding)}`);
      there.push(binding);
    }
    bindings.set(port, there);
  }
  const exposed = { ...spec.config.ExposedPorts, ...Object.fromEntries(Object.keys(add).map((port) => [port, {}])) };
  const all = Object.fromEntries([...bindings].filter(([, list]) => list.length > 0));
  return {
    exposed,
    bindings: all,
    republication: {
      exposedPorts: Object.keys(exposed),
      portBindings: all,
      comes: add,
      goes: (port) => removals.some((removal) => meets(removal, port)),
    },
  };
}

function checked(ports: PortMap | undefined): Record<string, PortBinding[]> {
  const host: HostConfig = { PortBindings: ports ?? {} };
  validatePorts(host);
  return completePorts(ports ?? {});
}

interface Removal {
  port: string;
  /** Empty: every address. */
  address: string;
  /** null: every port of the host. */
  hostPorts: [first: number, last: number] | null;
  text: string;
}

function removalOf(port: string, binding: PortBinding): Removal {
  const [first = "", last = first] = (binding.HostPort ?? "").split("-");
  return {
    port,
    address: address(binding),
    hostPorts: first === "" ? null : [Number(first), Number(last)],
    text: binding.HostPort ?? "",
  };
}

const address = ({ HostIp }: PortBinding): string => {
  const ip = parseIp((HostIp ?? "").replace(/^\[(.*)\]$/, "$1"));
  return ip ? formatIp(ip) : "";
};

const shown = (binding: PortBinding): string =>
  `${address(binding)}${address(binding) && ":"}${binding.HostPort ?? ""}`;

/**
 * The bindings of the port that the removal means. A binding without a fixed host port is matched by the port that it
 * got.
 */
function takeOut(
  bindings: Map<string, PortBinding[]>,
  removal: Removal,
  published: readonly PortBinding[],
  publishesAll: boolean,
): void {
  const { port, hostPorts, text } = removal;
  const list = bindings.get(port) ?? [];
  const candidates = list.filter((binding) => removal.address === "" || address(binding) === removal.address);
  const gotPort =
    hostPorts !== null &&
    published.some((one) => Number(one.HostPort) >= hostPorts[0] && Number(one.HostPort) <= hostPorts[1]);
  const chosen =
    hostPorts === null
      ? candidates
      : [
          candidates.find((binding) => binding.HostPort === text) ??
            candidates.find((binding) => gotPort && covers(binding.HostPort ?? "", hostPorts)),
        ].filter((binding) => binding !== undefined);
  if (chosen.length === 0) {
    if (publishesAll && published.length > 0)
      throw conflict(`port ${port} is published by the container's own PublishAllPorts`);
    throw notFound(
      `port ${port} is not published${text && ` at ${shown({ HostIp: removal.address, HostPort: text })}`}`,
    );
  }
  bindings.set(
    port,
    list.filter((binding) => !chosen.includes(binding)),
  );
}

function covers(text: string, [first, last]: [number, number]): boolean {
  if (text === "") return true;
  const [from = 0, to = from] = text.split("-").map(Number);
  return from !== to && from <= first && last <= to;
}

function meets({ port, address: wanted, hostPorts }: Removal, grant: PortGrant): boolean {
  const { containerPort, protocol } = parsePort(port);
  return (
    grant.containerPort === containerPort &&
    grant.protocol === protocol &&
    (wanted === "" || grant.hostIps.includes(wanted)) &&
    (hostPorts === null || (grant.hostPort >= hostPorts[0] && grant.hostPort <= hostPorts[1]))
  );
}
