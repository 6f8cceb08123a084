/** A project as one Compose file in long forms. */
import type { Project } from "./project-type.ts";
import { isMapping, type Mapping } from "./readers.ts";
import { serviceFields } from "./service-fields.ts";
import { composeYaml } from "./yaml.ts";

export function printProject({ version, services, networks, volumes, secrets, configs, extensions }: Project): string {
  const part = (name: string, things: Record<string, Mapping>) =>
    Object.keys(things).length > 0 ? { [name]: sorted(things) } : {};
  return composeYaml({
    version,
    services: Object.fromEntries(
      Object.entries(sorted(services)).map(([name, service]) => [name, inOrder(isMapping(service) ? service : {})]),
    ),
    ...part("networks", networks),
    ...part("volumes", volumes),
    ...part("secrets", secrets),
    ...part("configs", configs),
    ...sortedDeep(extensions),
  });
}

function sorted<T>(things: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(things).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sortedDeep(value: Mapping): Mapping {
  return sorted(
    Object.fromEntries(Object.entries(value).map(([key, one]) => [key, isMapping(one) ? sortedDeep(one) : one])),
  );
}

/** Mappings of a service whose keys are names of anybody's. */
const free = new Set(["environment", "labels", "networks", "sysctls", "ulimits"]);

function inOrder(service: Mapping): Mapping {
  const ordered: Mapping = {};
  for (const name of [...Object.keys(serviceFields), ...Object.keys(service).filter((key) => key.startsWith("x-"))]) {
    const value = service[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    ordered[name] = free.has(name) && isMapping(value) ? sorted(value) : value;
  }
  return ordered;
}
