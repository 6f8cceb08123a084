/** `--secret` and `--config`: files in a service's containers, by the names of secrets and configs. */
import { parseUnsigned } from "../../../flags/number.ts";
import { csvFields, cut } from "../../container/options/csv.ts";

/** What is to be where; the name is not looked up yet. */
export interface FileReference {
  source: string;
  File: { Name: string; UID: string; GID: string; Mode: number };
}

/** `NAME`, or `source=NAME[,target=PATH][,uid=UID][,gid=GID][,mode=0400]`. */
export function parseFileReference(kind: "secret" | "config"): (text: string) => FileReference {
  return (text) => {
    const fields = csvFields(text);
    const reference: FileReference = { source: "", File: { Name: "", UID: "0", GID: "0", Mode: 0o444 } };
    const [first = ""] = fields;
    if (fields.length === 1 && !first.includes("=")) return { source: first, File: { ...reference.File, Name: first } };
    for (const field of fields) {
      const [rawKey, value, found] = cut(field, "=");
      if (!found || rawKey === "") throw new Error(`invalid field '${field}' must be a key=value pair`);
      const key = rawKey.toLowerCase();
      switch (key) {
        case "source":
        case "src":
          reference.source = value;
          break;
        case "target":
          reference.File.Name = value;
          break;
        case "uid":
          reference.File.UID = value;
          break;
        case "gid":
          reference.File.GID = value;
          break;
        case "mode":
          reference.File.Mode = fileMode(value);
          break;
        default:
          throw new Error(`invalid field in ${kind} request: ${key}`);
      }
    }
    if (reference.source === "") throw new Error("source is required");
    if (reference.File.Name === "") reference.File.Name = reference.source;
    return reference;
  };
}

/** Go's own reading of numbers: octal after a 0. */
function fileMode(text: string): number {
  try {
    return parseUnsigned(text, 32);
  } catch (error) {
    throw new Error(`invalid mode specified: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
