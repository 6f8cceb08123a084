import type { SwarmSpec } from "../../api/types/swarm.ts";
import { forbidden, invalid, notFound, unavailable } from "../../lib/errors.ts";
import type { Identity, Role } from "../ca/identity.ts";
import { issueEtcd, issueNode, shortestLifetime, usualLifetime } from "../ca/issue.ts";
import { sameSecret } from "../ca/tokens.ts";
import { peerName } from "../etcd/member.ts";
import type { ClusterKeys } from "../model/objects.ts";
import { newClusterId } from "../model/objects.ts";
import { guarded } from "../store/guarded.ts";
import type { DispatchDeps } from "./deps.ts";
import type { Admission, Membership } from "./messages.ts";

/**
 * Makes a machine a node: as what, its token says. Throws `invalid` where the token is none of this cluster's, and
 * `unavailable` where it cannot be written down.
 */
export async function join(
  deps: DispatchDeps,
  { token, request, availability }: { token: string; request: string; availability: "active" | "pause" | "drain" },
): Promise<Membership> {
  const keys = keysOf(deps);
  const role = roleOf(keys, token);
  if (!role) throw invalid("A valid join token is necessary to join this cluster");
  const nodeId = newClusterId();
  const membership = await certify(deps, { nodeId, role, clusterId: deps.clusterId }, request);
  await guarded(deps.store, () => [
    {
      put: "node",
      object: { ID: nodeId, Spec: { Role: role, Availability: availability, Labels: {} }, IngressAddr: "" },
      at: 0,
    },
  ]);
  return membership;
}

/** Another certificate for a node, for the role that it is to have now. Throws `not-found` where it was removed. */
export async function renew(deps: DispatchDeps, { nodeId, clusterId }: Identity, request: string): Promise<Membership> {
  const node = deps.store.state.get("node", nodeId);
  if (!node) throw notFound(`node ${nodeId} not found`);
  return certify(deps, { nodeId, role: node.Spec.Role, clusterId }, request);
}

/**
 * Lets a manager take a part in the cluster's memory: with a certificate for that, and what it has to be told. Throws
 * `forbidden` where the node is to be no manager.
 */
export async function admit(
  deps: DispatchDeps,
  { nodeId, clusterId }: Identity,
  { request, address }: { request: string; address: string },
): Promise<Admission> {
  const role = deps.store.state.get("node", nodeId)?.Spec.Role;
  if (role !== "manager") throw forbidden(`node ${nodeId} is not a manager`);
  const { PeerRootCert, PeerRootKey } = keysOf(deps);
  const root = { cert: PeerRootCert, key: PeerRootKey };
  const peerCert = await issueEtcd(root, request, clusterId, peerHosts(address));
  return { peerCert, peerTrust: PeerRootCert, ...(await deps.admit({ nodeId, address })) };
}

/** By what names a manager's part of the cluster's memory is reached. */
export const peerHosts = (address: string): string[] => [address, peerName];

async function certify(deps: DispatchDeps, identity: Identity, request: string): Promise<Membership> {
  const keys = keysOf(deps);
  const [cluster] = deps.store.state.all("cluster");
  const cert = await issueNode(
    { cert: keys.RootCert, key: keys.RootKey },
    request,
    identity,
    lifetimeOf(cluster?.Spec),
  );
  return { ...identity, cert, trust: cluster?.TLSInfo.TrustRoot ?? keys.RootCert, managers: deps.managers() };
}

/** Of node certificates, in milliseconds. */
export function lifetimeOf(spec: SwarmSpec | undefined): number {
  const nanoseconds = spec?.CAConfig?.NodeCertExpiry;
  return nanoseconds ? Math.max(nanoseconds / 1e6, shortestLifetime) : usualLifetime;
}

function keysOf({ store }: DispatchDeps): ClusterKeys {
  const [keys] = store.state.all("cluster-keys");
  if (!keys) throw unavailable("the cluster's keys are not here yet");
  return keys;
}

/** Both are compared, so that the time tells nothing. */
function roleOf({ JoinTokens: { Worker, Manager } }: ClusterKeys, token: string): Role | null {
  const [worker, manager] = [sameSecret(token, Worker), sameSecret(token, Manager)];
  return manager ? "manager" : worker ? "worker" : null;
}
