/** `--device`, `--device-cgroup-rule`, `--gpus`. */
import type { DeviceMapping, DeviceRequest } from "../../../../api/types/container.ts";
import { cleanPath } from "../../../paths.ts";
import { csvFields, cut, keyValues } from "./csv.ts";

/** All `--device` values: mappings of device files, and devices by their CDI names. */
export function parseDevices(specs: readonly string[]): { mappings: DeviceMapping[]; cdiNames: string[] } {
  const cdiNames = specs.filter(isCdiName);
  return { mappings: specs.filter((spec) => !isCdiName(spec)).map(parseDevice), cdiNames };
}

/** `vendor.com/class=name` */
function isCdiName(text: string): boolean {
  const [, vendor = "", kind = "", name = ""] = /^([^/]*)\/([^=]*)=(.*)$/s.exec(text) ?? [];
  return (
    /^[a-zA-Z]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/.test(vendor) &&
    /^[a-zA-Z]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$/.test(kind) &&
    /^[a-zA-Z0-9]([a-zA-Z0-9_.:-]*[a-zA-Z0-9])?$/.test(name)
  );
}

/** `HOST[:CONTAINER][:PERMISSIONS]` */
function parseDevice(spec: string): DeviceMapping {
  const parts = spec.split(":");
  const [host = "", second, third] = parts;
  if (parts.length > 3 || host === "") throw new Error(`bad format for path: ${spec}`);
  const secondIsMode = third === undefined && second !== undefined && isDeviceMode(second);
  const target = second === undefined || secondIsMode ? host : second;
  if (third !== undefined && !isDeviceMode(third)) throw new Error(`bad mode specified: ${third}`);
  if (!target.startsWith("/")) throw new Error(`${target} is not an absolute path`);
  const clean = second === undefined || secondIsMode ? cleanPath(host) : host;
  return {
    PathOnHost: clean,
    PathInContainer: target === host ? clean : third === undefined ? cleanPath(target) : target,
    CgroupPermissions: third ?? (secondIsMode ? second : "rwm"),
  };
}

/** Letters of `rwm`, each at most once. */
function isDeviceMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

export function checkDeviceRule(text: string): string {
  if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}

/** `all`, `2`, `device=…`, `"device=0,1",driver=…`: a CSV record. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: "", Count: 0, DeviceIDs: null, Capabilities: [["gpu"]], Options: {} };
  const seen = new Set<string>();
  for (const field of csvFields(text)) {
    const [key, value, hasValue] = cut(field, "=");
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (!hasValue) {
      seen.add("count");
      request.Count = gpuCount(key);
      continue;
    }
    switch (key) {
      case "driver":
        request.Driver = value;
        break;
      case "count":
        request.Count = gpuCount(value);
        break;
      case "device":
        request.DeviceIDs = value.split(",");
        break;
      case "capabilities":
        request.Capabilities = [[...value.split(","), "gpu"]];
        break;
      case "options":
        request.Options = keyValues(csvFields(value));
        break;
      default:
        throw new Error(`unexpected key '${key}' in '${field}'`);
    }
  }
  if (!seen.has("count") && request.DeviceIDs === null) request.Count = 1;
  return request;
}

function gpuCount(text: string): number {
  if (text === "all") return -1;
  if (!/^[+-]?\d+$/.test(text))
    throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
  return Number(text);
}
