import { CacheSharing, type ExecOp, type Mount, MountType, NetMode, SecurityMode } from "../../api/buildkit/llb.ts";
import type { Input } from "../../lib/protobuf.ts";
import type { RunMount } from "../dockerfile/instructions.ts";
import type { StageResult } from "../result.ts";
import type { FailedCommands } from "./failed-commands.ts";
import { type MountOrigin, targetOf } from "./mounts/mounting.ts";
import type { FailedCommand, Files } from "./run-failed.ts";

/** A RUN that failed. */
interface FailedRun {
  argv: readonly string[];
  env: readonly string[];
  cwd: string;
  user: string;
  network: string;
  insecure: boolean;
  devices: readonly string[];
  mounts: readonly RunMount[];
  /** What a mount's files were. */
  origin: (mount: RunMount) => Promise<MountOrigin>;
  /** The root filesystem before. */
  state: StageResult;
  /** The same after. */
  left: Files;
}

/** Describes a RUN that failed as an operation of a definition. */
export async function failedRun(
  failures: FailedCommands,
  { argv, env, cwd, user, network, insecure, devices, mounts, origin, state, left }: FailedRun,
): Promise<FailedCommand> {
  const root = failures.layers(state);
  const before: (Files | undefined)[] = [root];
  const all: Input<typeof Mount>[] = [{ dest: "/", input: 0, output: 0 }];
  let inputs = 1;
  for (const mount of mounts) {
    const described = describe(mount, cwd);
    if (!described) continue;
    const files = mount.type === "bind" ? filesOf(failures, await origin(mount)) : undefined;
    before.push(files);
    all.push({ ...described, input: files ? inputs++ : -1, output: -1 });
  }
  const exec: Input<typeof ExecOp> = {
    meta: { args: argv, env, cwd, user },
    mounts: all,
    network: network === "none" ? NetMode.none : network === "host" ? NetMode.host : NetMode.sandbox,
    cdiDevices: devices.map((name) => ({ name })),
    security: insecure ? SecurityMode.insecure : SecurityMode.sandbox,
  };
  return { exec, before, after: [left, ...before.slice(1)] };
}

function filesOf(failures: FailedCommands, origin: MountOrigin): Files {
  if ("tree" in origin) return failures.tree(origin.tree);
  // Their digests count for nothing in a mount.
  return failures.layers({ chain: [...origin.chain], diffIds: [] });
}

/** Undefined: it is no mount, but a variable. */
function describe(mount: RunMount, cwd: string): Input<typeof Mount> | undefined {
  const dest = targetOf({ cwd, refuse: (message) => new Error(message) }, mount);
  const { id = "", uid = 0, gid = 0, mode = 0, required = false, source = "", sharing = "shared", size = 0 } = mount;
  switch (mount.type) {
    case "bind":
      return { dest, selector: source, readonly: mount.readonly !== false, mountType: MountType.bind };
    case "cache":
      return { dest, mountType: MountType.cache, cache: { id: id || dest, sharing: CacheSharing[sharing] } };
    case "tmpfs":
      return { dest, mountType: MountType.tmpfs, tmpfs: { size } };
    case "secret": {
      if (mount.env && !mount.target) return undefined;
      const name = source || id || (mount.target?.split("/").at(-1) ?? "");
      const options = { id: name, uid, gid, mode: mode || 0o400, optional: !required };
      return { dest: dest || `/run/secrets/${name.split("/").at(-1)}`, mountType: MountType.secret, secret: options };
    }
    case "ssh": {
      const options = { id: id || "default", uid, gid, mode: mode || 0o600, optional: !required };
      return { dest: dest || "/run/buildkit/ssh_agent.0", mountType: MountType.ssh, ssh: options };
    }
  }
}
