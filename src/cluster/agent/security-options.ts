import type { TaskSpec } from "../../api/types/swarm.ts";

type Privileges = NonNullable<NonNullable<TaskSpec["ContainerSpec"]>["Privileges"]>;

/** A service's privileges as `HostConfig.SecurityOpt` has them; undefined: nothing is said. */
export function securityOptions({ SELinuxContext, Seccomp, AppArmor, NoNewPrivileges }: Privileges) {
  const options: string[] = [];
  if (SELinuxContext?.Disable) options.push("label=disable");
  for (const [word, value] of Object.entries({
    user: SELinuxContext?.User,
    role: SELinuxContext?.Role,
    type: SELinuxContext?.Type,
    level: SELinuxContext?.Level,
  })) {
    if (value) options.push(`label=${word}:${value}`);
  }
  if (Seccomp?.Mode === "unconfined") options.push("seccomp=unconfined");
  // On the wire it is bytes.
  if (Seccomp?.Mode === "custom") {
    options.push(`seccomp=${Buffer.from(Seccomp.Profile ?? "", "base64").toString()}`);
  }
  if (AppArmor?.Mode === "disabled") options.push("apparmor=unconfined");
  if (NoNewPrivileges) options.push("no-new-privileges=true");
  return options.length > 0 ? options : undefined;
}
