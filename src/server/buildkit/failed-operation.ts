import { type ExecOp, type Mount, MountType } from "../../api/buildkit/llb.ts";
import { emptyResult } from "../../builder/result.ts";
import { FailedCommands } from "../../builder/steps/failed-commands.ts";
import type { FailedCommand, Files } from "../../builder/steps/run-failed.ts";
import { withView } from "../../builder/steps/view.ts";
import type { Any } from "../../lib/grpc/status.ts";
import { newId } from "../../lib/ids.ts";
import type { Input } from "../../lib/protobuf.ts";
import { hostPlatform } from "../../oci/platform.ts";
import type { ServerDeps } from "../deps.ts";
import { detail } from "./failure.ts";
import type { Job } from "./jobs.ts";

/** Keeps what commands of a build leave that fail, until it has ended. */
export function failuresOf({ build }: Pick<ServerDeps, "build">, job: Job): FailedCommands {
  job.failures ??= job.undo.use(new FailedCommands(build, job.signal));
  return job.failures;
}

/**
 * Tells of commands that failed so that a debugger can go on from there: what each was, and by which ids its files can
 * be had (`LLBBridge/NewContainer`), as they were and as it left them. `description`: what is said of it.
 */
export function tellFailed(
  deps: ServerDeps,
  job: Job,
  description: Readonly<Record<string, string>> = {},
): (failed: FailedCommand) => Any {
  const ids = new Map<Files, string>();
  const idOf = (files: Files | undefined): string => {
    if (!files) return "";
    const known = ids.get(files);
    if (known !== undefined) return known;
    const id = newId();
    ids.set(files, id);
    job.refs.push(id);
    deps.buildkit.jobs.results.set(id, {
      layers: async () => ({ ...emptyResult(hostPlatform()), ...(await files()) }),
      look: async (work) => withView(deps.build, (await files()).chain, work),
    });
    return id;
  };
  const { os, architecture } = hostPlatform();
  return ({ exec, before, after }) =>
    detail("errdefs.Solve", {
      inputIDs: before.map(idOf),
      mountIDs: after.map(idOf),
      op: { exec: execJson(exec), platform: { Architecture: architecture, OS: os }, constraints: {} },
      description,
    });
}

/** An operation by the names that it has in JSON. */
function execJson({ meta, mounts = [], network = 0, security = 0, secretEnv = [] }: Input<typeof ExecOp>): unknown {
  const { args = [], env = [], cwd = "", user = "", hostname = "" } = meta ?? {};
  return {
    meta: {
      args: [...args],
      env: [...env],
      cwd,
      ...(user !== "" && { user }),
      ...(hostname !== "" && { hostname }),
    },
    mounts: [...mounts].map(mountJson),
    ...(network !== 0 && { network }),
    ...(security !== 0 && { security }),
    ...([...secretEnv].length > 0 && {
      secretenv: [...secretEnv].map(({ id, name, optional }) => ({ ID: id, name, optional })),
    }),
  };
}

function mountJson({
  input = 0,
  dest = "",
  selector = "",
  output = 0,
  readonly = false,
  mountType = MountType.bind,
  tmpfs,
  cache,
  secret,
  ssh,
}: Input<typeof Mount>): unknown {
  const secretOf = ({ id, uid, gid, mode, optional }: NonNullable<Input<typeof Mount>["secret"]>) => ({
    ID: id,
    uid,
    gid,
    mode,
    optional,
  });
  return {
    ...(input !== 0 && { input: String(input) }),
    dest,
    ...(selector !== "" && { selector }),
    ...(output !== 0 && { output: String(output) }),
    ...(readonly && { readonly }),
    ...(mountType !== MountType.bind && { mountType }),
    ...(tmpfs && { TmpfsOpt: { size: String(tmpfs.size ?? 0) } }),
    ...(cache && { cacheOpt: { ID: cache.id, sharing: cache.sharing } }),
    ...(secret && { secretOpt: secretOf(secret) }),
    ...(ssh && { SSHOpt: secretOf(ssh) }),
  };
}
