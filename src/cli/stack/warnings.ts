/** What a stack cannot have of what its Compose files say. */
import type { Project } from "../compose/project-type.ts";

const unsupported = [
  "build",
  "cgroupns_mode",
  "cgroup_parent",
  "devices",
  "domainname",
  "external_links",
  "ipc",
  "links",
  "mac_address",
  "network_mode",
  "pid",
  "privileged",
  "restart",
  "security_opt",
  "shm_size",
  "userns_mode",
];

const deprecated: Readonly<Record<string, string>> = {
  container_name: "Setting the container name is not supported.",
  expose:
    "Exposing ports is unnecessary - services on the same network can access each other's containers on any port.",
};

/** The text for standard error; empty where all can be had. */
export function unsupportedWarnings({ services }: Project): string {
  const used = (names: readonly string[]) =>
    names.filter((name) => Object.values(services).some((service) => isSet(service[name]))).sort();
  const ignored = used(unsupported);
  const old = used(Object.keys(deprecated));
  const first = ignored.length > 0 ? `Ignoring unsupported options: ${ignored.join(", ")}\n\n` : "";
  if (old.length === 0) return first;
  const lines = old.map((name) => `${name}: ${deprecated[name] ?? ""}\n\n`);
  return `${first}Ignoring deprecated options:\n\n${lines.join("")}`;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== "";
}
