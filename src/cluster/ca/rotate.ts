import { createPrivateKey, X509Certificate } from "node:crypto";
import type { SwarmSpec } from "../../api/types/swarm.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { pause } from "../../lib/pause.ts";
import type { ClusterObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { commitOver } from "../store/guarded.ts";
import type { ClusterStore } from "../store/store.ts";
import { draftOf } from "../version.ts";
import { newRoot, type Root, tlsInfo } from "./root.ts";

/**
 * The root that a cluster is to have from now on, where its settings ask for another; null: they do not. Throws
 * `invalid` on a root that cannot sign.
 */
export async function nextRoot(before: SwarmSpec, after: SwarmSpec): Promise<Root | null> {
  const { SigningCACert = "", SigningCAKey = "", ForceRotate = 0 } = after.CAConfig ?? {};
  if (SigningCACert !== "" && SigningCAKey !== "") return givenRoot(SigningCACert, SigningCAKey);
  if (SigningCAKey !== "") throw invalid("a signing CA certificate is needed with a signing CA key");
  return ForceRotate === (before.CAConfig?.ForceRotate ?? 0) ? null : newRoot();
}

function givenRoot(cert: string, key: string): Root {
  try {
    const certificate = new X509Certificate(cert);
    const privateKey = createPrivateKey(key);
    if (!certificate.ca) throw new Error("it may not sign others");
    if (!certificate.checkPrivateKey(privateKey)) throw new Error("the key is another's");
    return { cert: certificate.toString(), key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
  } catch (error) {
    throw invalid(`the CA certificate cannot be used: ${errorMessage(error)}`, error);
  }
}

/** What the cluster tells of its roots while nodes go over: the new one signs, both are trusted. */
export async function bothTrusted(before: ClusterObject, root: Root): Promise<ClusterObject["TLSInfo"]> {
  return { ...(await tlsInfo(root.cert)), TrustRoot: root.cert + before.TLSInfo.TrustRoot };
}

/** How often it is looked whether all have gone over. In milliseconds. */
const every = 1000;

/** The leader's part: a rotation is over when every node shows a certificate of the new root. */
export async function finishRotations(store: ClusterStore, log: Logger, signal: AbortSignal): Promise<void> {
  while (await pause(every, signal)) {
    const [cluster] = store.state.all("cluster");
    const [keys] = store.state.all("cluster-keys");
    if (!cluster?.RootRotationInProgress || !keys || !allWentOver(store.state, cluster)) continue;
    const TLSInfo = await tlsInfo(keys.RootCert);
    const object = { ...draftOf(cluster), TLSInfo, RootRotationInProgress: false };
    await commitOver(store, () => [{ put: "cluster", object, at: cluster.Version.Index }]).catch((error: unknown) =>
      log.debug("the end of a root's rotation is not written yet", { error: errorMessage(error) }),
    );
  }
}

const allWentOver = (state: ClusterState, cluster: ClusterObject): boolean =>
  [...state.all("node")].every(({ ID }) => wentOver(state, cluster, ID));

const wentOver = (state: ClusterState, { TLSInfo }: ClusterObject, nodeId: string): boolean =>
  state.get("node-report", nodeId)?.Description.TLSInfo?.CertIssuerPublicKey === TLSInfo.CertIssuerPublicKey;

/**
 * Whether a node is to get a certificate of the new root now. Managers come last, when all workers have one and all
 * managers are there: whoever was away meanwhile knows only the old root, and must still know a manager by it.
 */
export function isToGoOver(state: ClusterState, nodeId: string): boolean {
  const [cluster] = state.all("cluster");
  if (!cluster?.RootRotationInProgress || wentOver(state, cluster, nodeId)) return false;
  if (state.get("node", nodeId)?.Spec.Role !== "manager") return true;
  return [...state.all("node")].every(({ ID, Spec }) =>
    Spec.Role === "manager" ? state.get("node-report", ID)?.Status.State === "ready" : wentOver(state, cluster, ID),
  );
}
