/** Options of `swarm init`, `update` and `ca` that become part of the swarm's specification. */
import type { SwarmSpec } from "../../../api/types/swarm.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { bool, duration, int, listOf, uint } from "../../flags/kinds.ts";
import { parseExternalCa } from "./external-ca.ts";

const day = 24 * 3600 * 1e9;

export const caFlags = {
  "cert-expiry": duration("How long nodes' certificates are valid (ns|us|ms|s|m|h)", {
    default: 90 * day,
    shown: "2160h0m0s",
  }),
  "external-ca": listOf("external-ca", "Authority outside of the swarm that signs certificates", parseExternalCa),
};

export const specFlags = {
  ...caFlags,
  autolock: bool("Lock managers: one that starts again needs the key"),
  "dispatcher-heartbeat": duration("Time between two signs of life of a node (ns|us|ms|s|m|h)", {
    default: 5e9,
    shown: "5s",
  }),
  "max-snapshots": uint("How many snapshots of the managers' log to keep beside the last", { minApi: "1.25" }),
  "snapshot-interval": {
    ...uint("Entries of the managers' log between two snapshots"),
    initial: 10000,
    shown: "10000",
  },
  "task-history-limit": int("How many ended tasks to keep of each place", { default: 5 }),
};

type SpecFlags = FlagValues<typeof specFlags>;

/** The specification with what the given flags say. `caCert`: PEM of the root that authorities outside stand for. */
export function withSpecFlags(
  spec: SwarmSpec,
  flags: SpecFlags,
  changed: ReadonlySet<string>,
  caCert: string,
): SwarmSpec {
  const has = (name: keyof SpecFlags) => changed.has(name);
  return {
    ...withCaFlags(spec, flags, changed, caCert),
    Orchestration: {
      ...spec.Orchestration,
      ...(has("task-history-limit") && { TaskHistoryRetentionLimit: flags["task-history-limit"] }),
    },
    Dispatcher: {
      ...spec.Dispatcher,
      ...(has("dispatcher-heartbeat") && { HeartbeatPeriod: flags["dispatcher-heartbeat"] }),
    },
    Raft: {
      ...spec.Raft,
      ...(has("max-snapshots") && { KeepOldSnapshots: flags["max-snapshots"] }),
      ...(has("snapshot-interval") && { SnapshotInterval: flags["snapshot-interval"] }),
    },
    EncryptionConfig: { ...spec.EncryptionConfig, ...(has("autolock") && { AutoLockManagers: flags.autolock }) },
  };
}

/** As {@link withSpecFlags}, of certificates alone. */
export function withCaFlags(
  spec: SwarmSpec,
  flags: FlagValues<typeof caFlags>,
  changed: ReadonlySet<string>,
  caCert: string,
): SwarmSpec {
  return {
    ...spec,
    CAConfig: {
      ...spec.CAConfig,
      ...(changed.has("cert-expiry") && { NodeCertExpiry: flags["cert-expiry"] }),
      ...(changed.has("external-ca") && {
        ExternalCAs: flags["external-ca"].map((ca) => ({ ...ca, ...(caCert !== "" && { CACert: caCert }) })),
      }),
    },
  };
}
