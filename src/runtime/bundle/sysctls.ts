import type { NamespaceChoices } from "./types.ts";

/** What the kernel settings of a container's namespaces are made of; `requested` is `--sysctl`. */
export interface SysctlInput {
  requested: Record<string, string>;
  domainname: string;
  namespaces: NamespaceChoices;
  /** `NetworkMode` is neither `host` nor `container:…`. */
  ownNetwork: boolean;
  pingGroupRange: boolean;
  unprivilegedPorts: boolean;
}

/** Kernel settings of a container's namespaces; what was asked for wins over what Docker sets by itself. */
export function buildSysctls(input: SysctlInput): Record<string, string> {
  return {
    // The specification's own domainname field is younger than the runtimes in use.
    ...(input.domainname !== "" && input.namespaces.uts !== "host" && { "kernel.domainname": input.domainname }),
    // Ping and low ports without the capabilities for them: harmless in a network of one's own.
    ...(input.ownNetwork && input.pingGroupRange && { "net.ipv4.ping_group_range": "0 2147483647" }),
    ...(input.ownNetwork && input.unprivilegedPorts && { "net.ipv4.ip_unprivileged_port_start": "0" }),
    ...input.requested,
  };
}
