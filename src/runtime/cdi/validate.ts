import { quote } from "../../lib/go-quote.ts";
import type { CdiDevice, CdiSpec, ContainerEdits } from "./spec.ts";

/** Oldest first. */
const versions: readonly string[] = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.4.0",
  "0.5.0",
  "0.6.0",
  "0.7.0",
  "0.8.0",
  "1.0.0",
  "1.1.0",
];
const hookNames = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/** Throws where a specification breaks the rules of the Container Device Interface, in the words of its library. */
export function validateSpec(spec: CdiSpec): void {
  checkVersion(spec);
  const { vendor, kind } = splitKind(spec.kind);
  checkKindName(vendor, "vendor");
  checkKindName(kind, "class");
  checkEdits(spec.containerEdits);
  const names = new Set<string>();
  for (const device of spec.devices) {
    try {
      checkDevice(device);
    } catch (cause) {
      const { message } = cause instanceof Error ? cause : new Error(String(cause));
      throw new Error(`failed add device ${quote(device.name)}: ${message}`, { cause });
    }
    if (names.has(device.name)) throw new Error(`invalid spec, multiple device ${quote(device.name)}`);
    names.add(device.name);
  }
  if (names.size === 0) throw new Error("invalid spec, no devices");
}

/** `vendor.com/class` in its two parts; without a slash there is no vendor. */
export function splitKind(text: string): { vendor: string; kind: string } {
  const slash = text.indexOf("/");
  if (slash <= 0 || slash === text.length - 1) return { vendor: "", kind: text };
  return { vendor: text.slice(0, slash), kind: text.slice(slash + 1) };
}

function checkVersion(spec: CdiSpec): void {
  const given = spec.cdiVersion.replace(/^v/, "");
  const known = versions.indexOf(given);
  if (known < 0) throw new Error(`invalid version ${quote(spec.cdiVersion)}`);
  const needed = neededVersion(spec);
  if (versions.indexOf(needed) > known) throw new Error(`the spec version must be at least v${needed}`);
}

/** The version that brought the newest of what the specification uses. */
function neededVersion({ annotations, kind, devices, containerEdits }: CdiSpec): string {
  const edits = [containerEdits, ...devices.map((device) => device.containerEdits)];
  const uses = (test: (edits: ContainerEdits) => boolean) => edits.some(test);
  if (uses(({ netDevices, intelRdt }) => netDevices.length > 0 || newRdt(intelRdt))) return "1.1.0";
  if (uses(({ intelRdt, additionalGids }) => intelRdt !== undefined || additionalGids.length > 0)) return "0.7.0";
  const annotated = [annotations, ...devices.map((device) => device.annotations)];
  if (annotated.some((texts) => Object.keys(texts).length > 0) || splitKind(kind).kind.includes(".")) return "0.6.0";
  if (devices.some(({ name }) => /^[0-9]/.test(name))) return "0.5.0";
  if (uses(({ deviceNodes }) => deviceNodes.some(({ hostPath }) => hostPath !== ""))) return "0.5.0";
  if (uses(({ mounts }) => mounts.some(({ type }) => type !== ""))) return "0.4.0";
  return "0.3.0";
}

const newRdt = (intelRdt: ContainerEdits["intelRdt"]) =>
  intelRdt !== undefined && (intelRdt.schemata.length > 0 || intelRdt.enableMonitoring);

function checkKindName(name: string, what: "vendor" | "class"): void {
  const refuse = (why: string) => {
    throw new Error(`invalid ${what}. ${why}`);
  };
  if (name === "") refuse("empty name");
  if (!/^[A-Za-z]/.test(name)) refuse(`${quote(name)}, should start with letter`);
  const odd = /[^A-Za-z0-9_.-]/.exec(name.slice(1, -1))?.[0];
  if (odd) refuse(`invalid character '${odd}' in name ${quote(name)}`);
  if (!/[A-Za-z0-9]$/.test(name)) refuse(`${quote(name)}, should end with a letter or digit`);
}

function checkDeviceName(name: string): void {
  if (name === "") throw new Error("invalid (empty) device name");
  if (!/^[A-Za-z0-9]/.test(name)) throw new Error(`invalid class ${quote(name)}, should start with a letter or digit`);
  const odd = /[^A-Za-z0-9_.:-]/.exec(name.slice(1, -1))?.[0];
  if (odd) throw new Error(`invalid character '${odd}' in device name ${quote(name)}`);
  if (!/[A-Za-z0-9]$/.test(name)) throw new Error(`invalid name ${quote(name)}, should end with a letter or digit`);
}

function checkDevice({ name, containerEdits }: CdiDevice): void {
  checkDeviceName(name);
  if (isEmpty(containerEdits)) throw new Error("invalid device, empty device edits");
  try {
    checkEdits(containerEdits);
  } catch (cause) {
    const { message } = cause instanceof Error ? cause : new Error(String(cause));
    throw new Error(`invalid device ${quote(name)}: ${message}`, { cause });
  }
}

function isEmpty({ intelRdt, ...lists }: ContainerEdits): boolean {
  return intelRdt === undefined && Object.values(lists).every((list) => list.length === 0);
}

function checkEdits(edits: ContainerEdits): void {
  const env = badVariable(edits.env);
  if (env !== undefined) throw new Error(`invalid container edits: invalid environment variable ${quote(env)}`);
  for (const { path, type, permissions } of edits.deviceNodes) {
    if (path === "") throw new Error("invalid (empty) device path");
    if (!["", "b", "c", "u", "p"].includes(type)) throw new Error(`device ${quote(path)}: invalid type ${quote(type)}`);
    if (permissions !== "none" && !/^[rwm]*$/.test(permissions))
      throw new Error(`device ${quote(path)}: invalid permissions ${quote(permissions)}`);
  }
  for (const { hookName, path, env: variables } of edits.hooks) {
    if (!hookNames.includes(hookName)) throw new Error(`invalid hook name ${quote(hookName)}`);
    if (path === "") throw new Error(`invalid hook ${quote(hookName)} with empty path`);
    const variable = badVariable(variables);
    if (variable !== undefined)
      throw new Error(`invalid hook ${quote(hookName)}: invalid environment variable ${quote(variable)}`);
  }
  for (const { hostPath, containerPath } of edits.mounts) {
    if (hostPath === "") throw new Error("invalid mount, empty host path");
    if (containerPath === "") throw new Error("invalid mount, empty container path");
  }
  checkRdt(edits.intelRdt);
  checkNetDevices(edits.netDevices);
}

const badVariable = (env: readonly string[]) => env.find((variable) => variable.indexOf("=") <= 0);

/** The class is a directory below the file system of resource control; `/` is its root. */
function checkRdt(intelRdt: ContainerEdits["intelRdt"]): void {
  const closID = intelRdt?.closID ?? "";
  if (closID !== "/" && (closID.length >= 4096 || closID === "." || closID === ".." || /[/\n]/.test(closID)))
    throw new Error("invalid ClosID");
}

function checkNetDevices(devices: ContainerEdits["netDevices"]): void {
  const hosts = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { hostInterfaceName: host, name } of devices) {
    if (host === "") throw new Error("invalid linux net device, empty HostInterfaceName");
    if (name === "") throw new Error("invalid linux net device, empty Name");
    const [other, otherHost] = [hosts.get(host), names.get(name)];
    if (other !== undefined)
      throw new Error(
        `invalid linux net device, duplicate HostInterfaceName ${quote(host)} with names ${quote(name)} and ` +
          quote(other),
      );
    if (otherHost !== undefined)
      throw new Error(
        `invalid linux net device, duplicate Name ${quote(name)} with HostInterfaceName ${quote(host)} and ` +
          quote(otherHost),
      );
    hosts.set(host, name);
    names.set(name, host);
  }
}
