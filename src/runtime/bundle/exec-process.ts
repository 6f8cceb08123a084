import type { OciProcess } from "../../oci/runtime.ts";
import { processCapabilities } from "./capabilities.ts";
import { buildEnvironment, replaceOrAppend, withHome } from "./environment.ts";
import { resolveUser } from "./user.ts";

/** What the `process` of an exec is made of. */
export interface ExecProcessRequest {
  /** `process` of the running container's own config.json. */
  container: OciProcess;
  /** The container's root filesystem on the host. */
  rootfs: string;
  args: string[];
  /** `Config.Env` of the container. */
  containerEnv: readonly string[];
  linkEnv?: readonly string[];
  env: readonly string[];
  hostname: string;
  /** Of the exec, else the container's. */
  user: string;
  groupAdd: readonly string[];
  /** Of the exec, else the container's. */
  workdir: string;
  tty: boolean;
  /** Rows and columns. */
  consoleSize?: readonly number[] | null;
  privileged: boolean;
  /** Capabilities the daemon can hand on; those of a privileged exec. */
  available: readonly string[];
}

/**
 * The process of an exec: what the container's first process has (limits, profiles, capabilities) with the exec's own
 * command, environment, user and directory. Throws `invalid` for an unknown user.
 */
export function buildExecProcess(request: ExecProcessRequest): OciProcess {
  const { container, tty } = request;
  const user = resolveUser(request.rootfs, request.user, request.groupAdd);
  const capabilities = request.privileged ? request.available : (container.capabilities?.bounding ?? []);
  const [height = 0, width = 0] = request.consoleSize ?? [];
  const base = buildEnvironment({
    env: request.containerEnv,
    hostname: request.hostname,
    tty,
    linkEnv: request.linkEnv ?? [],
  });
  const env = withHome(replaceOrAppend(base, request.env), user.home);
  return {
    ...without(container, "consoleSize"),
    terminal: tty,
    ...(tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.groups },
    args: request.args,
    env,
    cwd: request.workdir || "/",
    capabilities: processCapabilities(capabilities, user.uid),
  };
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}
