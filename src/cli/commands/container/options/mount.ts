/** `--mount type=bind,src=/a,dst=/b,readonly`: a CSV record of options. */
import type { Mount, MountType } from "../../../../api/types/container.ts";
import { parseBytes } from "../../../../lib/bytes.ts";
import { absolutePath } from "../../../paths.ts";
import { csvFields, cut } from "./csv.ts";

const bare = ["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src", "idmap", "rw", "readwrite"];

/** One `--mount`; a relative source stays relative until {@link resolveMount}. */
export function parseMount(value: string): Mount {
  const mount: Mount = { Type: "volume" };
  const own: OwnOptions = { readWrite: false };
  for (const field of csvFields(value)) {
    const [key, text, hasValue] = cut(field, "=");
    const name = key.toLowerCase();
    if (!hasValue && !bare.includes(name)) throw new Error(`invalid field '${field}' must be a key=value pair`);
    if (name === "idmap") own.idMap = hasValue ? text : "match-user";
    else if (name === "rw" || name === "readwrite") own.readWrite = truth(name, text, hasValue);
    else setOption(mount, name, text, hasValue, field);
  }
  setOwn(mount, own);
  check(mount);
  return mount;
}

/** The mount with a source that starts with a dot made absolute. */
export function resolveMount(mount: Mount, cwd: string): Mount {
  return mount.Source?.startsWith(".") ? { ...mount, Source: absolutePath(cwd, mount.Source) } : mount;
}

function setOption(mount: Mount, key: string, text: string, hasValue: boolean, field: string): void {
  const boolean = () => truth(key, text, hasValue);
  // Go's encoder leaves out what is false or empty; so do we, but an option object once named stays.
  const volume = () => (mount.VolumeOptions ??= { DriverConfig: {} });
  switch (key) {
    case "type":
      mount.Type = mountType(text);
      return;
    case "source":
    case "src":
      if (text !== "") mount.Source = text;
      return;
    case "target":
    case "dst":
    case "destination":
      if (text !== "") mount.Target = text;
      return;
    case "readonly":
    case "ro":
      if (boolean()) mount.ReadOnly = true;
      else delete mount.ReadOnly;
      return;
    case "consistency":
      mount.Consistency = text.toLowerCase();
      return;
    case "bind-propagation":
      (mount.BindOptions ??= {}).Propagation = text.toLowerCase();
      return;
    case "bind-nonrecursive":
      if (boolean()) (mount.BindOptions ??= {}).NonRecursive = true;
      return;
    case "bind-recursive":
      return setRecursive(mount, text);
    case "bind-create-src":
      if (boolean()) (mount.BindOptions ??= {}).CreateMountpoint = true;
      return;
    case "volume-subpath":
      volume().Subpath = text;
      return;
    case "volume-nocopy":
      if (boolean()) volume().NoCopy = true;
      else volume();
      return;
    case "volume-label":
      volume().Labels = withPair(volume().Labels, text);
      return;
    case "volume-driver":
      (volume().DriverConfig ??= {}).Name = text;
      return;
    case "volume-opt": {
      const driver = (volume().DriverConfig ??= {});
      driver.Options = withPair(driver.Options, text);
      return;
    }
    case "image-subpath":
      (mount.ImageOptions ??= {}).Subpath = text;
      return;
    case "tmpfs-size":
      (mount.TmpfsOptions ??= {}).SizeBytes = readable(key, text, () => parseBytes(text));
      return;
    case "tmpfs-mode":
      (mount.TmpfsOptions ??= {}).Mode = readable(key, text, () => octal(text));
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

/** Options that Docker does not have; what they mean hangs on the type, which may come after them. */
interface OwnOptions {
  idMap?: string;
  readWrite: boolean;
}

function setOwn(mount: Mount, { idMap, readWrite }: OwnOptions): void {
  if (idMap !== undefined) {
    if (mount.Type === "bind") (mount.BindOptions ??= {}).IDMap = idMap;
    else if (mount.Type === "volume") (mount.VolumeOptions ??= {}).IDMap = idMap;
    else throw new Error(`cannot mix 'idmap' with mount type '${mount.Type}'`);
  }
  if (!readWrite) return;
  if (mount.Type !== "image") throw new Error(`cannot mix 'readwrite' with mount type '${mount.Type}'`);
  (mount.ImageOptions ??= {}).ReadWrite = true;
}

function truth(key: string, text: string, hasValue: boolean): boolean {
  if (!hasValue || ["1", "true", "t", "T", "TRUE", "True"].includes(text)) return true;
  if (["0", "false", "f", "F", "FALSE", "False"].includes(text)) return false;
  throw new Error(`invalid value for ${key}: ${text}`);
}

/** Types the engine does not know are its to refuse. */
function mountType(text: string): MountType {
  return text.toLowerCase() as MountType;
}

function setRecursive(mount: Mount, text: string): void {
  if (text === "enabled") return;
  const options = (mount.BindOptions ??= {});
  if (text === "disabled") options.NonRecursive = true;
  else if (text === "writable") options.ReadOnlyNonRecursive = true;
  else if (text === "readonly") options.ReadOnlyForceRecursive = true;
  else
    throw new Error(
      `invalid value for bind-recursive: ${text} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
}

function withPair(pairs: Record<string, string> | null | undefined, text: string): Record<string, string> {
  const [key, value] = cut(text, "=");
  return { ...pairs, [key]: value };
}

function octal(text: string): number {
  if (!/^[0-7]+$/.test(text)) throw new Error();
  return parseInt(text, 8);
}

function readable<T>(key: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new Error(`invalid value for ${key}: ${text}`);
  }
}

function check({ Type, Target, ReadOnly, BindOptions, VolumeOptions, ImageOptions, TmpfsOptions }: Mount): void {
  if (!Type) throw new Error("type is required");
  if (!Target) throw new Error("target is required");
  const alien =
    BindOptions && Type !== "bind"
      ? "bind"
      : VolumeOptions && Type !== "volume"
        ? "volume"
        : ImageOptions && Type !== "image"
          ? "image"
          : TmpfsOptions && Type !== "tmpfs"
            ? "tmpfs"
            : null;
  if (alien !== null) throw new Error(`cannot mix '${alien}-*' options with mount type '${Type}'`);
  if (BindOptions?.ReadOnlyNonRecursive && !ReadOnly)
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  if (!BindOptions?.ReadOnlyForceRecursive) return;
  if (!ReadOnly) throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
  if (BindOptions.Propagation !== "rprivate")
    throw new Error(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    );
}
