import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { errorMessage, hasCode } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import { parseYaml } from "../../lib/yaml.ts";
import { decodeSpec } from "./decode.ts";
import type { CdiDevice, CdiSpec } from "./spec.ts";
import { validateSpec } from "./validate.ts";

/** A device that the directories describe, with the file that it is described in. */
export interface FoundDevice {
  /** `vendor.com/class=name` */
  name: string;
  device: CdiDevice;
  spec: CdiSpec;
}

/** What the directories hold now. */
export interface Discovered {
  /** By full name, in their order. */
  devices: ReadonlyMap<string, FoundDevice>;
  /** What is wrong, file by file. The other files count all the same. */
  errors: { file: string; message: string }[];
}

type Read = { stamp: string } & ({ spec: CdiSpec } | { error: string });

/**
 * The devices that this machine offers to containers by the Container Device Interface, from the files of its
 * directories (`*.json`, `*.yaml`); a later directory wins. Files are looked at anew each time, and read anew where
 * they have changed.
 */
export class CdiRegistry {
  readonly dirs: readonly string[];
  #read = new Map<string, Read>();

  constructor(dirs: readonly string[]) {
    this.dirs = dirs.map((dir) => normalize(dir).replace(/(.)\/$/, "$1"));
  }

  discover(): Discovered {
    const devices = new Map<string, FoundDevice & { file: string; priority: number }>();
    const errors: Discovered["errors"] = [];
    const conflicts = new Set<string>();
    const seen = new Map<string, Read>();
    for (const [priority, dir] of this.dirs.entries()) {
      for (const file of filesOf(dir, errors)) {
        const read = this.#load(file);
        if (read === null) continue;
        seen.set(file, read);
        if ("error" in read) {
          errors.push({ file, message: `failed to load CDI Spec ${read.error}` });
          continue;
        }
        for (const device of read.spec.devices) {
          const name = `${read.spec.kind}=${device.name}`;
          const other = devices.get(name);
          if (other?.priority === priority) {
            const message = `conflicting device ${quote(name)} (specs ${quote(file)}, ${quote(other.file)})`;
            errors.push({ file, message }, { file: other.file, message });
            conflicts.add(name);
          } else devices.set(name, { name, device, spec: read.spec, file, priority });
        }
      }
    }
    this.#read = seen;
    // Two files of one directory that describe the same device: nobody can know which is meant.
    for (const name of conflicts) devices.delete(name);
    const sorted = [...devices].sort(([a], [b]) => (a < b ? -1 : 1));
    return { devices: new Map(sorted), errors: errors.sort((a, b) => (a.file < b.file ? -1 : 1)) };
  }

  /** The file's specification, or what is wrong with it; null where it has just gone. */
  #load(file: string): Read | null {
    try {
      const stat = statSync(file);
      const stamp = [stat.ino, stat.mtimeMs, stat.ctimeMs, stat.size].join(" ");
      const known = this.#read.get(file);
      if (known?.stamp === stamp) return known;
      return { stamp, ...readSpec(file, stat) };
    } catch (error) {
      if (hasCode(error, "ENOENT")) return null;
      return { stamp: "", error: `failed to read CDI Spec ${quote(file)}: ${errorMessage(error)}` };
    }
  }
}

function filesOf(dir: string, errors: Discovered["errors"]): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && /\.(json|yaml)$/.test(entry.name))
      .map((entry) => join(dir, entry.name))
      .sort();
  } catch (error) {
    if (!hasCode(error, "ENOENT")) errors.push({ file: dir, message: errorMessage(error) });
    return [];
  }
}

function readSpec(file: string, stat: Stats): { spec: CdiSpec } | { error: string } {
  if (othersMayWrite(stat) || othersMayWrite(statSync(join(file, "..")))) {
    return {
      error:
        `${quote(file)}: others than root may write it or its directory, and what it describes runs as root ` +
        "(chown root, chmod go-w)",
    };
  }
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, "utf8"));
  } catch (error) {
    const why = `error converting YAML to JSON: ${errorMessage(error)}`;
    return { error: `failed to parse CDI Spec ${quote(file)}: failed to unmarshal CDI Spec: ${why}` };
  }
  if (value === null) return { error: `failed to parse CDI Spec ${quote(file)}, no Spec data` };
  let spec: CdiSpec;
  try {
    spec = decodeSpec(value);
  } catch (error) {
    const why = `error unmarshaling JSON: while decoding JSON: ${errorMessage(error)}`;
    return { error: `failed to parse CDI Spec ${quote(file)}: failed to unmarshal CDI Spec: ${why}` };
  }
  try {
    validateSpec(spec);
  } catch (error) {
    return { error: `invalid CDI Spec: ${errorMessage(error)}` };
  }
  return { spec };
}

/** Hooks and mounts of a specification are the machine's: whoever may write one is root. */
function othersMayWrite({ uid, gid, mode }: Stats): boolean {
  return uid !== 0 || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
}
