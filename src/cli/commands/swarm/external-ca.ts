import { readFileSync } from "node:fs";
import type { SwarmSpec } from "../../../api/types/swarm.ts";
import { fileError } from "../../files.ts";
import { csvFields, cut } from "../container/options/csv.ts";

export type ExternalCa = NonNullable<NonNullable<SwarmSpec["CAConfig"]>["ExternalCAs"]>[number];

/** `protocol=cfssl,url=https://…[,cacert=FILE][,OPTION=VALUE]`: a CSV record. */
export function parseExternalCa(text: string): ExternalCa {
  const ca: ExternalCa = { Options: {} };
  for (const field of csvFields(text)) {
    const [key, value, found] = cut(field, "=");
    if (!found) throw new Error(`invalid field '${field}' must be a key=value pair`);
    switch (key.toLowerCase()) {
      case "protocol":
        if (value.toLowerCase() !== "cfssl") throw new Error(`unrecognized external CA protocol ${value}`);
        ca.Protocol = "cfssl";
        break;
      case "url":
        ca.URL = value;
        break;
      case "cacert":
        ca.CACert = certificate(value);
        break;
      default:
        ca.Options = { ...ca.Options, [key]: value };
    }
  }
  if (ca.Protocol === undefined) throw new Error("the external-ca option needs a protocol= parameter");
  if (ca.URL === undefined) throw new Error("the external-ca option needs a url= parameter");
  return ca;
}

function certificate(path: string): string {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`unable to read CA cert for external CA: ${fileError("open", path, error).message}`);
  }
  if (!isPem(content)) throw new Error("CA cert for external CA must be in PEM format");
  return content;
}

/** The content of a file that must be PEM. */
export function readPem(path: string): string {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw fileError("open", path, error);
  }
  if (!isPem(content)) throw new Error("file contents must be in PEM format");
  return content;
}

function isPem(text: string): boolean {
  return /-----BEGIN [^-]+-----[\s\S]+?-----END [^-]+-----/.test(text);
}
