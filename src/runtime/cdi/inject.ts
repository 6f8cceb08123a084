import type { DeviceRequest } from "../../api/types/container.ts";
import { errorMessage, internal, invalid } from "../../lib/errors.ts";
import type { OciSpec } from "../../oci/runtime.ts";
import { applyEdits } from "./apply.ts";
import { gpuNames } from "./gpus.ts";
import type { CdiRegistry, Discovered } from "./registry.ts";
import type { CdiSpec } from "./spec.ts";

/**
 * A runtime specification with the devices that a container asks for by `--device vendor.com/class=name` and `--gpus`.
 * `registry`: null where the daemon's settings turn the Container Device Interface off. Throws with Docker's texts
 * where there is no such device.
 */
export function injectDevices(
  spec: OciSpec,
  requests: readonly DeviceRequest[],
  registry: CdiRegistry | null,
): OciSpec {
  if (requests.length === 0) return spec;
  const found = registry?.discover() ?? { devices: new Map(), errors: [] };
  return requests.reduce((edited, request) => {
    const names = request.Driver === "cdi" && registry ? namesOf(request) : gpuNames(request, found);
    return injectNamed(edited, names, found);
  }, spec);
}

function namesOf({ Count, Options, DeviceIDs }: DeviceRequest): string[] {
  if (Count) throw invalid("unexpected count in CDI device request");
  if (Object.keys(Options ?? {}).length > 0) throw invalid("unexpected options in CDI device request");
  return DeviceIDs ?? [];
}

/** The edits of these devices, and once those that all devices of a file share. */
function injectNamed(spec: OciSpec, names: readonly string[], { devices }: Discovered): OciSpec {
  const unknown = names.filter((name) => !devices.has(name));
  if (unknown.length > 0) throw internal(`CDI device injection failed: unresolvable CDI devices ${unknown.join(", ")}`);
  const shared = new Set<CdiSpec>();
  const edits = names.flatMap((name) => {
    const found = devices.get(name);
    if (!found) return [];
    const first = !shared.has(found.spec);
    shared.add(found.spec);
    return [...(first ? [found.spec.containerEdits] : []), found.device.containerEdits];
  });
  try {
    return applyEdits(spec, edits);
  } catch (cause) {
    throw internal(`CDI device injection failed: failed to inject devices: ${errorMessage(cause)}`, cause);
  }
}
