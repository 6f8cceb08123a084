import type { DeviceRequest } from "../../api/types/container.ts";
import { internal } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import type { Discovered } from "./registry.ts";

/** Who may be asked for graphics processors, by the names that `--gpus driver=` has for them; the first there wins. */
const vendors = { nvidia: "nvidia.com", amd: "amd.com", intel: "intel.com" };
/** What a driver of NVIDIA's can be asked for. */
const capabilities = new Set(["gpu", "nvidia", "compute", "compat32", "graphics", "utility", "video", "display"]);

/**
 * The full names of the devices that `--gpus` asks for: of the kind `<vendor>/gpu`, all of them, some by number, or
 * some by name. Throws with Docker's text where nobody offers such devices.
 */
export function gpuNames({ Driver, Capabilities, Count, DeviceIDs }: DeviceRequest, { devices }: Discovered): string[] {
  const driver = Driver ?? "";
  const sets = Capabilities ?? [];
  const kinds = Object.entries(vendors)
    .filter(([name]) => driver === "" || driver === name)
    .map(([, vendor]) => `${vendor}/gpu=`);
  const names = [...devices.keys()];
  const kind = sets.some(canServe) ? kinds.find((start) => names.some((name) => name.startsWith(start))) : undefined;
  if (kind === undefined) {
    const wanted = sets.map((set) => `[${set.join(" ")}]`).join(" ");
    throw internal(`could not select device driver ${quote(driver)} with capabilities: [${wanted}]`);
  }
  if (DeviceIDs?.length) return DeviceIDs.map((id) => (id.includes("=") ? id : `${kind}${id}`));
  const offered = single(names.filter((name) => name.startsWith(kind)));
  const all = names.includes(`${kind}all`) ? [`${kind}all`] : offered;
  const count = Count ?? 0;
  if (count < 0) return all;
  if (count > offered.length)
    throw internal(
      `could not select ${count} devices of ${quote(kind.slice(0, -1))}: this machine offers ${offered.length}`,
    );
  return offered.slice(0, count);
}

const canServe = (set: readonly string[]) => set.includes("gpu") && set.every((word) => capabilities.has(word));

/** Each processor once: some vendors name one by its number and by an identifier, and all together by `all`. */
function single(names: readonly string[]): string[] {
  const last = (name: string) => name.slice(name.indexOf("=") + 1);
  const numbered = names.filter((name) => /^[0-9]+$/.test(last(name)));
  if (numbered.length > 0) return numbered.toSorted((a, b) => Number(last(a)) - Number(last(b)));
  return names.filter((name) => last(name) !== "all");
}
