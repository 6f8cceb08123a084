import type { CdiRegistry, Discovered, FoundDevice } from "../runtime/cdi/registry.ts";
import { splitKind } from "../runtime/cdi/validate.ts";

/** A device that a command asks for: `vendor.com/class=name`, `vendor.com/class` (any), `…=*` (all), or a class. */
export interface WantedDevice {
  name: string;
  /** Without it the command runs all the same. */
  optional: boolean;
}

/** How descriptions of devices speak to builders. */
const classAnnotation = "org.mobyproject.buildkit.device.class";
const allowAnnotation = "org.mobyproject.buildkit.device.autoallow";

/**
 * The full names of the devices that a command gets. `allow`: what whoever builds has granted, where `device` stands
 * for all, `device=NAME` for some, and `device=NAME,alias=OTHER` gives NAME to those who ask for OTHER. Throws an Error
 * in BuildKit's words for a device that is required and not there, or not granted.
 */
export function chooseDevices(
  wanted: readonly WantedDevice[],
  allow: ReadonlySet<string>,
  registry: CdiRegistry | null,
): string[] {
  if (wanted.length === 0) return [];
  const found = registry?.discover() ?? { devices: new Map(), errors: [] };
  const grants = grantsOf(allow);
  const chosen = new Set<string>();
  const forbidden = new Set<string>();
  for (const device of wanted) {
    const alias = grants.aliases.get(device.name);
    for (const each of matching({ ...device, name: alias ?? device.name }, found)) {
      if (alias !== undefined || grants.all || isGranted(each, grants.names, found)) chosen.add(each.name);
      else forbidden.add(each.name);
    }
  }
  const names = [...forbidden];
  if (names.length > 0)
    throw new Error(
      `device${names.length === 1 ? "" : "s"} ${names.join(", ")} ${names.length === 1 ? "is" : "are"} requested by ` +
        "the build but not allowed",
    );
  return [...chosen];
}

/** Whether a description lets every build have its device. */
export function isAutoAllowed(device: FoundDevice): boolean {
  return ["1", "t", "T", "TRUE", "true", "True"].includes(annotationsOf(device)[allowAnnotation] ?? "");
}

/** Those of the device after those of its file. */
export function annotationsOf({ spec, device }: FoundDevice): Record<string, string> {
  return { ...spec.annotations, ...device.annotations };
}

function grantsOf(allow: ReadonlySet<string>) {
  const aliases = new Map<string, string>();
  const names: string[] = [];
  for (const entitlement of allow) {
    if (!entitlement.startsWith("device=")) continue;
    const [name = "", ...options] = entitlement.slice("device=".length).split(",");
    const alias = options.find((option) => option.startsWith("alias="))?.slice("alias=".length);
    if (alias) aliases.set(alias, name);
    else names.push(name);
  }
  return { all: allow.has("device"), aliases, names };
}

function isGranted(device: FoundDevice, names: readonly string[], found: Discovered): boolean {
  if (isAutoAllowed(device)) return true;
  return names.some((name) => matching({ name, optional: true }, found).some((other) => other.name === device.name));
}

function matching({ name, optional }: WantedDevice, { devices }: Discovered): FoundDevice[] {
  const all = [...devices.values()];
  const [kind = "", which = ""] = name.split(/=(.*)/s);
  const ofKind = splitKind(kind).vendor === "" ? [] : all.filter((device) => device.spec.kind === kind);
  const named =
    which === "*" ? ofKind : which === "" ? ofKind.slice(0, 1) : ofKind.filter((device) => device.name === name);
  const matched = named.length > 0 ? named : all.filter((device) => annotationsOf(device)[classAnnotation] === name);
  if (matched.length === 0 && !optional) throw new Error(`required device ${JSON.stringify(name)} is not registered`);
  return matched;
}
