import { existsSync, readFileSync } from "node:fs";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { idsOutside } from "../../linux/id-maps.ts";
import type { OciSpec } from "../../oci/runtime.ts";
import { injectDevices } from "../cdi/inject.ts";
import { apparmorProfileOf, DEFAULT_APPARMOR_PROFILE, ensureApparmorProfile } from "./apparmor.ts";
import { buildSpec, usesInit } from "./build.ts";
import { resolveBlockLimits, resolveDevices } from "./devices.ts";
import { defaultSeccompProfile } from "./seccomp/default-profile.ts";
import { parseSeccompProfile, type SeccompProfile } from "./seccomp/profile.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import { withTmpfsModes } from "./tmpfs-mode.ts";
import type { SpecRequest } from "./types.ts";
import { resolveUser } from "./user.ts";
import { makeWorkdir } from "./workdir.ts";

/**
 * From a stored container to the runtime specification: looks up user, devices and profiles on the mounted root
 * filesystem and the host, makes the working directory, then builds. Throws `invalid` with Docker's texts.
 */
export async function prepareSpec(request: SpecRequest): Promise<OciSpec> {
  const { config, hostConfig, rootfs, defaults, facts } = request;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], defaults);
  const privileged = hostConfig.Privileged ?? false;
  if (usesInit(request) && !existsSync(defaults.initPath)) {
    throw invalid(`exec: "docker-init": executable file not found: ${defaults.initPath}`);
  }
  const user = resolveUser(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  if (config.WorkingDir)
    makeWorkdir(rootfs, config.WorkingDir, (request.ids && idsOutside(request.ids, { uid: 0, gid: 0 })) ?? undefined);
  const spec = buildSpec({
    ...request,
    mounts: withTmpfsModes(rootfs, request.mounts),
    user,
    devices: resolveDevices({
      privileged,
      devices: hostConfig.Devices ?? [],
      cgroupRules: hostConfig.DeviceCgroupRules ?? [],
    }),
    throttles: resolveBlockLimits(hostConfig),
    seccomp: chooseSeccomp(security, privileged, defaults.seccompProfile, facts.seccomp),
    apparmorProfile: facts.apparmor ? await chooseApparmor(security, privileged) : "",
  });
  return injectDevices(spec, hostConfig.DeviceRequests ?? [], request.cdi);
}

/** The profile of a container: its own, else the daemon's; a privileged one has only what it asks for. */
function chooseSeccomp(
  { seccomp }: SecurityOptions,
  privileged: boolean,
  daemonProfile: string,
  supported: boolean,
): SeccompProfile | null {
  if (seccomp === "unconfined") return null;
  const own = seccomp ?? "";
  if (!supported) {
    if (own !== "" && own !== "builtin")
      throw invalid("seccomp is not enabled in your kernel, cannot run a custom seccomp profile");
    return null;
  }
  if (own === "builtin") return defaultSeccompProfile();
  if (own !== "") return parseSeccompProfile(own);
  if (privileged || daemonProfile === "unconfined") return null;
  if (daemonProfile === "" || daemonProfile === "builtin") return defaultSeccompProfile();
  try {
    return parseSeccompProfile(readFileSync(daemonProfile, "utf8"));
  } catch (error) {
    throw invalid(`opening seccomp profile (${daemonProfile}) failed: ${errorMessage(error)}`, error);
  }
}

async function chooseApparmor(security: SecurityOptions, privileged: boolean): Promise<string> {
  const profile = apparmorProfileOf(security, privileged);
  if (profile === DEFAULT_APPARMOR_PROFILE) await ensureApparmorProfile();
  return profile;
}
