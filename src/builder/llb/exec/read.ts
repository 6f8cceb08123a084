import {
  CacheSharing,
  type ExecOp,
  type Mount,
  MountType,
  NetMode,
  type ProcessMeta,
  SecurityMode,
} from "../../../api/buildkit/llb.ts";
import type { WantedDevice } from "../../devices.ts";
import type { RunMount } from "../../dockerfile/instructions.ts";
import { BadDefinition } from "../graph.ts";

/** The process of an exec operation, checked. */
export interface ExecRequest {
  meta: ProcessMeta;
  secretEnv: ExecOp["secretEnv"];
  /** What the root filesystem is. */
  root: Mount;
  /** What stands in it, outputs among them, outer ones first. */
  mounts: readonly Mount[];
  network: "default" | "host" | "none";
  insecure: boolean;
  devices: readonly WantedDevice[];
}

/** Reads an exec operation of so many inputs. Throws {@link BadDefinition} for what it cannot be, or is not known. */
export function readExec(op: ExecOp, inputs: number): ExecRequest {
  const { meta, network, security, cdiDevices } = op;
  const mounts = op.mounts.map(meant);
  if (!meta || meta.args.length === 0) throw new BadDefinition("invalid exec operation: it has no command");
  if (!meta.cwd.startsWith("/")) throw new BadDefinition(`invalid exec operation: cwd ${JSON.stringify(meta.cwd)}`);
  for (const mount of mounts) checkMount(mount, inputs);
  const outputs = mounts.map(({ output }) => output).filter((output) => output >= 0);
  if (new Set(outputs).size !== outputs.length || outputs.some((output) => output >= outputs.length))
    throw new BadDefinition(`invalid exec operation: outputs ${outputs.join(", ")}`);
  const [root, second] = mounts.filter(({ dest }) => dest === "/");
  if (!root || second || root.mountType !== MountType.bind)
    throw new BadDefinition("invalid exec operation: it needs one root filesystem");
  return {
    meta,
    secretEnv: op.secretEnv,
    root,
    mounts: mounts.filter((mount) => mount !== root).toSorted((a, b) => depth(a.dest) - depth(b.dest)),
    network: networkOf(network),
    insecure: insecureOf(security),
    devices: cdiDevices,
  };
}

/** A mount that is no output, as that of a RUN is described. */
export function runMount({ mountType, dest, selector, input, readonly, tmpfs, cache, secret, ssh }: Mount): RunMount {
  const from = input < 0 ? undefined : { from: String(input), ...(selector !== "" && { source: selector }) };
  switch (mountType) {
    case MountType.tmpfs:
      return { type: "tmpfs", target: dest, ...(tmpfs && tmpfs.size > 0 && { size: tmpfs.size }) };
    case MountType.cache: {
      const sharing = sharings[cache?.sharing ?? 0];
      return {
        type: "cache",
        target: dest,
        ...from,
        readonly,
        ...(cache?.id && { id: cache.id }),
        ...(sharing && { sharing }),
      };
    }
    case MountType.secret:
    case MountType.ssh: {
      const type = mountType === MountType.secret ? "secret" : "ssh";
      const { id = "", mode = 0, uid = 0, gid = 0, optional = false } = (type === "secret" ? secret : ssh) ?? {};
      return {
        type,
        target: dest,
        ...(id !== "" && { id }),
        mode: mode || (type === "secret" ? 0o400 : 0o600),
        uid,
        gid,
        required: !optional,
      };
    }
    default:
      return { type: "bind", target: dest, ...from, readonly };
  }
}

/** Clients leave numbers of inputs and outputs as they are where there can be none. */
function meant(mount: Mount): Mount {
  const { mountType } = mount;
  const input = mountType === MountType.bind || mountType === MountType.cache ? mount.input : -1;
  return { ...mount, input, output: mountType === MountType.bind ? mount.output : -1 };
}

const sharings = ["shared", "private", "locked"] as const;

/** Throws {@link BadDefinition} for a mount that cannot be. */
export function checkMount({ dest, input, output, mountType, cache }: Mount, inputs: number): void {
  const place = `mount ${JSON.stringify(dest.slice(0, 200))}`;
  if (!dest.startsWith("/") || dest.includes("\0")) throw new BadDefinition(`invalid ${place}`);
  if (!Object.values(MountType).some((type) => type === mountType))
    throw new BadDefinition(`${place} is of the type ${mountType}, which is not known`);
  if (!Number.isInteger(input) || input < -1 || input >= inputs)
    throw new BadDefinition(`${place} has no input ${input}`);
  if (!Number.isInteger(output) || output < -1) throw new BadDefinition(`${place} has no output ${output}`);
  if (cache && !Object.values(CacheSharing).some((sharing) => sharing === cache.sharing))
    throw new BadDefinition(`${place} is shared in the way ${cache.sharing}, which is not known`);
}

export function networkOf(mode: number): ExecRequest["network"] {
  if (mode === NetMode.sandbox) return "default";
  if (mode === NetMode.host) return "host";
  if (mode === NetMode.none) return "none";
  throw new BadDefinition(`network mode ${mode} is not known`);
}

export function insecureOf(mode: number): boolean {
  if (mode === SecurityMode.sandbox) return false;
  if (mode === SecurityMode.insecure) return true;
  throw new BadDefinition(`security mode ${mode} is not known`);
}

const depth = (path: string) => path.split("/").filter(Boolean).length;
