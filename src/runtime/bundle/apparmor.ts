import { readFileSync } from "node:fs";
import { hasCode, unavailable } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import { runtimeEnvironment } from "../runtime-command.ts";
import type { SecurityOptions } from "./security-options.ts";

/** Docker's name for the profile of containers that ask for none. */
export const DEFAULT_APPARMOR_PROFILE = "docker-default";

const parser = "apparmor_parser";

/** Docker's default profile, by name and effect: everything but mounting and the dangerous parts of /proc and /sys. */
const profile = `
#include <tunables/global>
profile ${DEFAULT_APPARMOR_PROFILE} flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>
  network,
  capability,
  file,
  umount,
  signal (receive) peer=unconfined,
  signal (receive) peer={runc,crun},
  signal (send,receive) peer=${DEFAULT_APPARMOR_PROFILE},
  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,
  deny mount,
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
  ptrace (trace,read,tracedby,readby) peer=${DEFAULT_APPARMOR_PROFILE},
}
`;

/** Which profile a container is under: its own, else the default one; a privileged one has only what it asks for. */
export function apparmorProfileOf({ apparmor }: Pick<SecurityOptions, "apparmor">, privileged: boolean): string {
  return apparmor || (privileged ? "unconfined" : DEFAULT_APPARMOR_PROFILE);
}

/** Whether the kernel confines by profiles. */
export function apparmorEnabled(): boolean {
  try {
    return readFileSync("/sys/module/apparmor/parameters/enabled", "utf8").startsWith("Y");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Whether the default profile is there or can be brought there. */
export function canLoadApparmor(): boolean {
  return isLoaded() || Bun.which(parser, { PATH: runtimeEnvironment.PATH }) !== null;
}

/** Loads the default profile where the kernel does not hold it (any more). Needs the apparmor package's parser. */
export async function ensureApparmorProfile(): Promise<void> {
  if (isLoaded()) return;
  const { exitCode, stderr } = await run([parser, "-Kr"], { input: profile, env: { PATH: runtimeEnvironment.PATH } });
  if (exitCode !== 0)
    throw unavailable(
      `AppArmor enabled on system but the ${DEFAULT_APPARMOR_PROFILE} profile could not be loaded: ${stderr.trim()}`,
    );
}

function isLoaded(): boolean {
  try {
    return readFileSync("/sys/kernel/security/apparmor/profiles", "utf8")
      .split("\n")
      .some((line) => line.startsWith(`${DEFAULT_APPARMOR_PROFILE} (`));
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES")) return false;
    throw error;
  }
}
