import type { NetworkCreateRequest, NetworkCreateResponse } from "../../api/types/network.ts";
import { conflict, forbidden, invalid, notImplemented } from "../../lib/errors.ts";
import { validateIpam } from "../../network/address/ipam-config.ts";
import { ingressNetwork } from "../allocate/addresses.ts";
import { allocateSubnets, allocateVnis } from "../allocate/network.ts";
import type { ManagerDeps } from "../deps.ts";
import { newClusterId } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";
import type { Draft } from "../store/store.ts";

/**
 * A network of the whole cluster, with subnets and VXLAN identifiers. Nodes make it when the first task of theirs needs
 * it. Throws `invalid`, `conflict` where the name is taken, `forbidden` where a subnet is.
 */
export async function createClusterNetwork(
  { store }: Pick<ManagerDeps, "store">,
  request: NetworkCreateRequest,
): Promise<NetworkCreateResponse> {
  const draft = draftOf(request);
  await guarded(store, (state, allocation) => {
    for (const { Name } of state.all("network")) {
      if (Name === draft.Name) throw conflict(`network with name ${Name} already exists`);
    }
    const ingress = draft.Ingress && ingressNetwork(state);
    if (ingress) throw conflict(`ingress network (${ingress.ID}) is already present`);
    const isOverlay = draft.Driver === "overlay";
    const Config = isOverlay ? allocateSubnets(state, draft.IPAM.Config ?? [], draft) : (draft.IPAM.Config ?? []);
    const VNIs = isOverlay ? allocateVnis(allocation, Config.length) : [];
    return [{ put: "network", object: { ...draft, IPAM: { ...draft.IPAM, Config }, VNIs }, at: 0 }];
  });
  return { Id: draft.ID, Warning: "" };
}

function draftOf(request: NetworkCreateRequest): Draft<"network"> {
  const { Name = "", Driver, Options, Labels, IPAM, ConfigFrom } = request;
  if (!Name || Name.trim() === "") throw invalid("invalid name: name is empty");
  if (request.Ingress && (Driver || "overlay") !== "overlay")
    throw forbidden("Ingress network can only be global scope network");
  if (Object.hasOwn(Options ?? {}, "encrypted"))
    throw notImplemented("encrypted overlay networks are not supported: let the machines' own network be encrypted");
  validateIpam(IPAM);
  return {
    ID: newClusterId(),
    Name,
    Labels: Labels ?? {},
    Driver: Driver || "overlay",
    Options: Options ?? {},
    Internal: request.Internal ?? false,
    Attachable: request.Attachable ?? false,
    Ingress: request.Ingress ?? false,
    EnableIPv4: request.EnableIPv4 ?? true,
    EnableIPv6: request.EnableIPv6 ?? false,
    IPAM: { Driver: IPAM?.Driver || "default", Options: IPAM?.Options ?? null, Config: IPAM?.Config ?? [] },
    VNIs: [],
    ...(ConfigFrom?.Network && { ConfigFrom: { Network: ConfigFrom.Network } }),
  };
}
