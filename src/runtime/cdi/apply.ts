import { lstatSync, type Stats } from "node:fs";
import { normalize } from "node:path/posix";
import { errorMessage, hasCode } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import type { OciDevice, OciDeviceRule, OciSpec } from "../../oci/runtime.ts";
import { deviceNumbers } from "../bundle/devices.ts";
import type { CdiDeviceNode, ContainerEdits } from "./spec.ts";

/**
 * A runtime specification with the edits of devices made, in their order. Throws where a device that they name is not
 * there. What they say twice counts as they say it last.
 */
export function applyEdits(spec: OciSpec, all: readonly ContainerEdits[]): OciSpec {
  return all.reduce(apply, spec);
}

function apply(spec: OciSpec, edits: ContainerEdits): OciSpec {
  const { process: first, linux } = spec;
  const nodes = edits.deviceNodes.map((node) => toDevice(node, first.user));
  const { intelRdt } = edits;
  return {
    ...spec,
    process: {
      ...first,
      env: withVariables(first.env, edits.env),
      user: { ...first.user, additionalGids: withGroups(first.user.additionalGids ?? [], edits.additionalGids) },
    },
    mounts: withMounts(spec.mounts, edits),
    ...((spec.hooks || edits.hooks.length > 0) && { hooks: withHooks(spec.hooks ?? {}, edits) }),
    linux: {
      ...linux,
      devices: [
        ...(linux.devices ?? []).filter(({ path }) => !nodes.some(({ device }) => device.path === path)),
        ...nodes.map(({ device }) => device),
      ],
      resources: {
        ...linux.resources,
        devices: [...(linux.resources?.devices ?? []), ...nodes.flatMap(({ rules }) => rules)],
      },
      ...(intelRdt && { intelRdt: withoutBlanks(intelRdt) }),
      ...((linux.netDevices || edits.netDevices.length > 0) && {
        netDevices: {
          ...linux.netDevices,
          ...Object.fromEntries(edits.netDevices.map(({ hostInterfaceName, name }) => [hostInterfaceName, { name }])),
        },
      }),
    },
  };
}

function withVariables(env: readonly string[], more: readonly string[]): string[] {
  const all = [...env];
  for (const variable of more) {
    const name = variable.slice(0, variable.indexOf("=") + 1);
    const at = all.findIndex((other) => other.startsWith(name));
    if (at < 0) all.push(variable);
    else all[at] = variable;
  }
  return all;
}

function withGroups(groups: readonly number[], more: readonly number[]): number[] {
  return [...new Set([...groups, ...more.filter((gid) => gid !== 0)])];
}

/** A mount takes the place of another at its path; shallow ones come first, so that none hides another. */
function withMounts(mounts: OciSpec["mounts"], edits: ContainerEdits): OciSpec["mounts"] {
  if (edits.mounts.length === 0) return mounts;
  let all = mounts;
  for (const { hostPath, containerPath, options, type } of edits.mounts) {
    all = all.filter(({ destination }) => destination !== containerPath);
    all = [...all, { destination: containerPath, type: type || "bind", source: hostPath, options }];
  }
  const depth = (path: string) => normalize(path).split("/").length;
  return all.toSorted((a, b) => depth(a.destination) - depth(b.destination));
}

function withHooks(hooks: NonNullable<OciSpec["hooks"]>, edits: ContainerEdits): NonNullable<OciSpec["hooks"]> {
  const all = { ...hooks };
  for (const { hookName, path, args, env, timeout } of edits.hooks) {
    const hook = {
      path,
      ...(args.length > 0 && { args }),
      ...(env.length > 0 && { env }),
      ...(timeout !== undefined && { timeout }),
    };
    all[hookName] = [...(all[hookName] ?? []), hook];
  }
  return all;
}

function withoutBlanks<T extends object>(object: T): Partial<T> {
  const said = (value: unknown) => value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);
  // What is left out may be absent in the result's type.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => said(value))) as Partial<T>;
}

function toDevice(given: CdiDeviceNode, user: OciSpec["process"]["user"]) {
  const { path, permissions, ...node } = completed(given);
  const type = node.type === "b" ? "b" : node.type === "p" ? "p" : node.type === "u" ? "u" : "c";
  const uid = node.uid ?? (user.uid > 0 ? user.uid : undefined);
  const gid = node.gid ?? (user.gid > 0 ? user.gid : undefined);
  const { major, minor, fileMode } = node;
  const device: OciDevice = {
    type,
    path,
    ...(type !== "p" && { major, minor }),
    ...(fileMode !== undefined && { fileMode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
  const access = permissions === "" ? "rwm" : permissions === "none" ? "" : permissions;
  const rules: OciDeviceRule[] =
    (type === "b" || type === "c") && access !== "" ? [{ allow: true, type, major, minor, access }] : [];
  return { device, rules };
}

/** A node with what its description leaves open, read from the machine's device; see the specification of CDI. */
function completed(node: CdiDeviceNode): CdiDeviceNode {
  const host = node.hostPath || node.path;
  const enough = node.type !== "" && (node.major !== 0 || node.type === "p");
  let stat: Stats;
  let type: string;
  try {
    stat = lstatSync(host);
    type = typeOf(stat);
  } catch (cause) {
    if (enough) return node;
    const why = hasCode(cause, "ENOENT") ? "no such file or directory" : errorMessage(cause);
    throw new Error(`failed to stat CDI host device ${quote(host)}: ${why}`, { cause });
  }
  const whole = { ...node, fileMode: node.fileMode ?? stat.mode & 0o7777 };
  if (enough) return whole;
  if (node.type !== "" && node.type !== type)
    throw new Error(`CDI device (${quote(node.path)}, ${quote(host)}), host type mismatch (${node.type}, ${type})`);
  return { ...whole, type, ...(type !== "p" && node.major === 0 && deviceNumbers(stat.rdev)) };
}

function typeOf(stat: Stats): string {
  if (stat.isBlockDevice()) return "b";
  if (stat.isCharacterDevice()) return "c";
  if (stat.isFIFO()) return "p";
  throw new Error("not a device node");
}
