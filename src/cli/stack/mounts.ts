import type { Mount } from "../../api/types/container.ts";
import { mapping, mappings, number, string, stringMap } from "../compose/fields.ts";
import type { Project } from "../compose/project-type.ts";
import type { Mapping } from "../compose/readers.ts";
import { nameOf, stackLabels } from "./names.ts";

/** What a service of a stack has mounted; a volume of the file is the stack's own. */
export function serviceMounts(stack: string, service: Mapping, project: Project): Mount[] {
  return mappings(service["volumes"]).map((volume) => {
    const base = {
      Type: (string(volume["type"]) ?? "volume") as "volume",
      ...(string(volume["source"]) && { Source: string(volume["source"]) ?? "" }),
      Target: string(volume["target"]) ?? "",
      ...(volume["read_only"] === true && { ReadOnly: true }),
      ...(string(volume["consistency"]) && { Consistency: string(volume["consistency"]) as "default" }),
    };
    switch (base.Type as string) {
      case "volume":
        return volumeMount(stack, base, volume, project);
      case "bind": {
        if (base.Source === undefined) throw new Error("invalid bind source, source cannot be empty");
        const propagation = string(mapping(volume["bind"])["propagation"]);
        return { ...base, ...(propagation && { BindOptions: { Propagation: propagation as "rprivate" } }) };
      }
      case "tmpfs": {
        if (base.Source !== undefined) throw new Error("invalid tmpfs source, source must be empty");
        const size = number(mapping(volume["tmpfs"])["size"]);
        return { ...base, ...(size && { TmpfsOptions: { SizeBytes: size } }) };
      }
      default:
        return base;
    }
  });
}

function volumeMount(stack: string, base: Mount, volume: Mapping, { volumes }: Project): Mount {
  const key = base.Source ?? "";
  const { nocopy, subpath } = mapping(volume["volume"]);
  const options = {
    ...(nocopy === true && { NoCopy: true }),
    ...(string(subpath) && { Subpath: string(subpath) ?? "" }),
  };
  // An anonymous one is nobody's.
  if (key === "") return { ...base, ...(Object.keys(options).length > 0 && { VolumeOptions: options }) };
  const thing = volumes[key];
  if (thing === undefined) throw new Error(`undefined volume ${JSON.stringify(key)}`);
  const Source = nameOf(stack, key, thing);
  if (thing["external"] === true)
    return { ...base, Source, ...(Object.keys(options).length > 0 && { VolumeOptions: options }) };
  const [driver, driverOptions] = [string(thing["driver"]), stringMap(thing["driver_opts"])];
  const hasDriver = driver !== undefined || Object.keys(driverOptions).length > 0;
  return {
    ...base,
    Source,
    VolumeOptions: {
      ...options,
      Labels: stackLabels(stack, stringMap(thing["labels"])),
      ...(hasDriver && {
        DriverConfig: {
          ...(driver && { Name: driver }),
          ...(Object.keys(driverOptions).length > 0 && { Options: driverOptions }),
        },
      }),
    },
  };
}
