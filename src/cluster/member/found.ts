import type { Root } from "../ca/root.ts";
import { tlsInfo } from "../ca/root.ts";
import { newJoinToken, newUnlockKey } from "../ca/tokens.ts";
import { createClusterNetwork } from "../networks/create.ts";
import type { ClusterStore } from "../store/store.ts";
import type { Founding } from "./settings.ts";

/** Whom a cluster begins with. */
export interface Founder {
  nodeId: string;
  clusterId: string;
  availability: "active" | "pause" | "drain";
}

/** Writes down what a cluster begins with: itself, its keys, its first node, the network that ports come in by. */
export async function writeFounding(
  store: ClusterStore,
  founding: Founding,
  { nodeId, clusterId, availability }: Founder,
  { root, peerRoot }: { root: Root; peerRoot: Root },
): Promise<void> {
  const { spec, ...addresses } = founding;
  await store.commit([
    {
      put: "cluster",
      object: {
        ID: clusterId,
        Spec: spec,
        TLSInfo: await tlsInfo(root.cert),
        RootRotationInProgress: false,
        ...addresses,
      },
      at: 0,
    },
    {
      put: "cluster-keys",
      object: {
        ID: clusterId,
        RootCert: root.cert,
        RootKey: root.key,
        PeerRootCert: peerRoot.cert,
        PeerRootKey: peerRoot.key,
        JoinTokens: { Worker: newJoinToken(root.cert), Manager: newJoinToken(root.cert) },
        UnlockKey: spec.EncryptionConfig?.AutoLockManagers ? newUnlockKey() : "",
      },
      at: 0,
    },
    {
      put: "node",
      object: {
        ID: nodeId,
        Spec: { Role: "manager", Availability: availability, Labels: {} },
        IngressAddr: "",
      },
      at: 0,
    },
  ]);
  await createClusterNetwork({ store }, { Name: "ingress", Driver: "overlay", Ingress: true });
}
