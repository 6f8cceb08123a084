import type { SwarmSpec } from "../../api/types/swarm.ts";
import { conflict, unavailable } from "../../lib/errors.ts";
import type { Root } from "../ca/root.ts";
import { bothTrusted, nextRoot } from "../ca/rotate.ts";
import { newJoinToken, newUnlockKey } from "../ca/tokens.ts";
import type { ManagerDeps } from "../deps.ts";
import type { ClusterKeys, ClusterObject } from "../model/objects.ts";
import { commitOver } from "../store/guarded.ts";
import type { Draft } from "../store/store.ts";
import { draftOf } from "../version.ts";
import { checkSpec, completeSpec } from "./settings.ts";

/** What `POST /swarm/update` makes anew beside what the specification says. */
export interface Rotation {
  workerToken: boolean;
  managerToken: boolean;
  managerUnlockKey: boolean;
}

/**
 * Changes the cluster's settings, and what of its keys is to be another. Throws `invalid` on settings that cannot be,
 * `conflict` where they are not of this version any more.
 */
export async function updateCluster(
  { store }: ManagerDeps,
  version: number,
  spec: SwarmSpec,
  rotation: Rotation,
): Promise<void> {
  checkSpec(spec);
  const [known] = store.state.all("cluster");
  const root = known ? await nextRoot(known.Spec, spec) : null;
  const TLSInfo = known && root ? await bothTrusted(known, root) : null;
  await commitOver(store, (state) => {
    const [cluster] = state.all("cluster");
    const [keys] = state.all("cluster-keys");
    if (!cluster || !keys) throw unavailable("the cluster has no record of itself");
    if (cluster.Version.Index !== version) throw conflict("update out of sequence");
    const changed: Draft<"cluster"> = {
      ...draftOf(cluster),
      Spec: mergedSpec(cluster, spec),
      ...(TLSInfo && { TLSInfo, RootRotationInProgress: true }),
    };
    return [
      { put: "cluster", object: changed, at: version },
      { put: "cluster-keys", object: rotated(keys, rotation, changed, root), at: keys.Version.Index },
    ];
  });
}

/** A field that is not said at all stays as it is, as with Docker's own client that sends the whole. */
function mergedSpec({ Spec }: ClusterObject, spec: SwarmSpec): ClusterObject["Spec"] {
  const { SigningCAKey: _, ...CAConfig } = spec.CAConfig ?? {};
  return completeSpec({ ...Spec, ...spec, CAConfig }, false);
}

/** Tokens tell the root: with another one they are others. */
function rotated(
  before: ClusterKeys,
  rotation: Rotation,
  { Spec }: Draft<"cluster">,
  root: Root | null,
): Draft<"cluster-keys"> {
  const keys = { ...before, ...(root && { RootCert: root.cert, RootKey: root.key }) };
  const { Worker, Manager } = keys.JoinTokens;
  const locked = Spec.EncryptionConfig?.AutoLockManagers ?? false;
  const fresh = rotation.managerUnlockKey || keys.UnlockKey === "";
  return {
    ...draftOf(keys),
    JoinTokens: {
      Worker: rotation.workerToken || root ? newJoinToken(keys.RootCert) : Worker,
      Manager: rotation.managerToken || root ? newJoinToken(keys.RootCert) : Manager,
    },
    UnlockKey: !locked ? "" : fresh ? newUnlockKey() : keys.UnlockKey,
  };
}
