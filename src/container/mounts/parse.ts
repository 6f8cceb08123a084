import { isAbsolute, normalize } from "node:path/posix";
import type { Mount } from "../../api/types/container.ts";
import { EngineError, errorMessage, invalid } from "../../lib/errors.ts";
import type { MountPointRecord } from "../record.ts";
import { checkIdMap } from "./id-map.ts";
import {
  defaultPropagation,
  isNoCopy,
  isReadOnly,
  isValidMode,
  matchesUser,
  propagationOf,
  propagations,
} from "./modes.ts";
import { tmpfsOptions } from "./tmpfs.ts";

/** Whether a host path exists; asked for `--mount type=bind` only. */
export type PathExists = (path: string) => boolean;

/** An entry of `HostConfig.Binds`: `[source:]target[:mode]`. A relative source names a volume. */
export function parseBind(raw: string, volumeDriver = ""): MountPointRecord {
  const malformed = () => invalid(`invalid volume specification: '${raw}'`);
  const parts = raw.split(":");
  if (parts.length > 3 || !parts[0]) throw malformed();
  const [source, target, mode] = parts.length === 1 ? ["", parts[0], ""] : [parts[0], parts[1] ?? "", parts[2] ?? ""];
  // `/data:ro` is a target with a mode, which only a source may have.
  if (parts.length === 2 && isValidMode(target)) throw malformed();
  if (!isValidMode(mode)) throw invalid(`invalid mode: ${mode}`);

  const bind = isAbsolute(source);
  const propagation = propagationOf(mode);
  const request: Mount = {
    Type: bind ? "bind" : "volume",
    Source: source,
    Target: target,
    ReadOnly: isReadOnly(mode),
    // A mode of the other type is told by the check.
    ...(propagation && { BindOptions: { Propagation: propagation } }),
    ...((isNoCopy(mode) || (!bind && volumeDriver)) && {
      VolumeOptions: { NoCopy: isNoCopy(mode), ...(volumeDriver && { DriverConfig: { Name: volumeDriver } }) },
    }),
  };
  try {
    const { request: _, ...point } = parseMount(request, () => true);
    return { ...point, mode, createSource: true, ...(matchesUser(mode) && { idMap: "match-user" }) };
  } catch (error) {
    throw invalid(`invalid volume specification: '${raw}': ${errorMessage(error)}`, error);
  }
}

/** An entry of `HostConfig.Mounts`. */
export function parseMount(mount: Mount, exists: PathExists): MountPointRecord {
  try {
    checkMount(mount, exists);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`invalid mount config for type "${mount.Type ?? ""}": ${error.message}`, error);
  }
  const source = mount.Source ?? "";
  const common = {
    destination: normalize(mount.Target ?? "").replace(/(.)\/$/, "$1"),
    readOnly: mount.ReadOnly ?? false,
    mode: "",
    propagation: "",
    copy: false,
    request: mount,
  };
  switch (mount.Type) {
    case "bind":
      return {
        ...common,
        type: "bind",
        source: normalize(source).replace(/(.)\/$/, "$1"),
        propagation: mount.BindOptions?.Propagation || defaultPropagation,
        createSource: mount.BindOptions?.CreateMountpoint ?? false,
        ...(mount.BindOptions?.IDMap && { idMap: mount.BindOptions.IDMap }),
      };
    case "tmpfs":
      return { ...common, type: "tmpfs", source: "", tmpfsOptions: tmpfsOptions(mount.TmpfsOptions, common.readOnly) };
    case "image":
      return {
        ...common,
        type: "image",
        source,
        readOnly: !mount.ImageOptions?.ReadWrite,
        propagation: defaultPropagation,
        ...(mount.ImageOptions?.Subpath && { subpath: mount.ImageOptions.Subpath }),
      };
    default: {
      const options = mount.VolumeOptions;
      return {
        ...common,
        type: "volume",
        source: "",
        copy: !options?.NoCopy,
        ...(source ? { name: source } : { anonymous: true }),
        ...(options?.DriverConfig?.Name && { driver: options.DriverConfig.Name }),
        ...(options?.Subpath && { subpath: options.Subpath }),
        ...(options?.IDMap && { idMap: options.IDMap }),
      };
    }
  }
}

function checkMount(mount: Mount, exists: PathExists): void {
  const options = {
    bind: "BindOptions",
    volume: "VolumeOptions",
    image: "ImageOptions",
    tmpfs: "TmpfsOptions",
  } as const;
  for (const [type, field] of Object.entries(options)) {
    if (mount.Type !== type && mount[field] != null) throw invalid(`field ${field} must not be specified`);
  }
  const { Target: target = "", Source: source = "" } = mount;
  if (!target) throw invalid("field Target must not be empty");
  checkTarget(target);
  switch (mount.Type) {
    case "bind":
      return checkBind(mount, source ?? "", exists);
    case "volume":
      if (mount.VolumeOptions?.IDMap) checkIdMap(mount.VolumeOptions.IDMap);
      return checkSubpath(mount.VolumeOptions?.Subpath, !source);
    case "image":
      if (!source) throw invalid("field Source must not be empty");
      if (mount.ReadOnly && mount.ImageOptions?.ReadWrite)
        throw invalid("mount options conflict: ReadOnly && ImageOptions.ReadWrite");
      return checkSubpath(mount.ImageOptions?.Subpath, false);
    case "tmpfs":
      if (source) throw invalid("field Source must not be specified");
      tmpfsOptions(mount.TmpfsOptions, false);
      return;
    default:
      throw invalid("mount type unknown");
  }
}

/** Also the rule for keys of `HostConfig.Tmpfs`. */
export function checkTarget(target: string): void {
  if (normalize(target) === "/" || normalize(target) === "./")
    throw invalid("invalid specification: destination can't be '/'");
  if (!isAbsolute(target)) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
}

function checkBind(mount: Mount, source: string, exists: PathExists): void {
  if (!source) throw invalid("field Source must not be empty");
  const { Propagation, CreateMountpoint, ReadOnlyNonRecursive, ReadOnlyForceRecursive, IDMap } =
    mount.BindOptions ?? {};
  if (IDMap) checkIdMap(IDMap);
  if (Propagation && !propagations.includes(Propagation)) throw invalid(`invalid propagation mode: ${Propagation}`);
  if (!isAbsolute(source)) throw invalid(`invalid mount path: '${source}' mount path must be absolute`);
  if (!CreateMountpoint && !exists(source)) throw invalid(`bind source path does not exist: ${source}`);
  if (!mount.ReadOnly && ReadOnlyNonRecursive)
    throw invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive");
  if (!mount.ReadOnly && ReadOnlyForceRecursive)
    throw invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive");
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
    throw invalid("mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive");
}

function checkSubpath(subpath: string | null | undefined, anonymous: boolean): void {
  if (!subpath) return;
  if (anonymous) throw invalid("must not set Subpath when using anonymous volumes");
  const clean = normalize(subpath);
  if (isAbsolute(subpath) || clean === ".." || clean.startsWith("../"))
    throw invalid("subpath must be a relative path within the volume");
}

/** An entry of `HostConfig.VolumesFrom`: `container[:mode]`. */
export function parseVolumesFrom(spec: string): { ref: string; readOnly: boolean } {
  if (!spec) throw invalid("volumes-from specification cannot be an empty string");
  const colon = spec.indexOf(":");
  const [ref, mode] = colon < 0 ? [spec, ""] : [spec.slice(0, colon), spec.slice(colon + 1)];
  if (!isValidMode(mode) || propagationOf(mode) || isNoCopy(mode) || matchesUser(mode))
    throw invalid(`invalid mode: ${mode}`);
  return { ref, readOnly: isReadOnly(mode) };
}
