import { readFile } from "node:fs/promises";
import { own, setOwn } from "../../lib/own.ts";
import { CliError } from "../errors.ts";
import { fileError } from "../files.ts";

/** `key=value,key=value`; a bare word is a key without a value. */
export function parseFields(text: string): Map<string, string> {
  return new Map(
    text.split(",").map((field) => {
      const equals = field.indexOf("=");
      return equals < 0 ? [field, ""] : [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
}

/** `--secret id=x[,src=file|env=NAME]`: the content of each, base64, by id. */
export async function readSecrets(
  specs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const spec of specs) {
    const fields = parseFields(spec);
    const id = fields.get("id");
    if (!id) throw new CliError(`invalid secret ${spec}: it needs an id`);
    const path = fields.get("src") ?? fields.get("source") ?? (fields.get("type") === "file" ? id : undefined);
    const name = fields.get("env") ?? (path === undefined ? id : undefined);
    if (path !== undefined) {
      const content = await readFile(path).catch((error: unknown) => {
        throw new CliError(`failed to read secret ${id}: ${fileError("open", path, error).message}`);
      });
      setOwn(secrets, id, content.toString("base64"));
    } else {
      const value = name === undefined ? undefined : own(env, name);
      if (value === undefined) throw new CliError(`could not find secret ${id}: the environment has no ${name}`);
      setOwn(secrets, id, Buffer.from(value).toString("base64"));
    }
  }
  return secrets;
}

/** `--ssh default|id=socket`: the path of an agent's socket by id. The engine reaches it only on this machine. */
export function readSsh(
  specs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    specs.map((spec) => {
      const [id = "default", path] = spec.split("=");
      const socket = path ?? env["SSH_AUTH_SOCK"];
      if (!socket) throw new CliError(`invalid ssh ${spec}: no socket is given and SSH_AUTH_SOCK is not set`);
      return [id, socket];
    }),
  );
}

/** `names`: what the image is called where `--tag` says nothing. */
export type BuildOutput =
  | { type: "local" | "tar"; dest: string }
  | { type: "oci" | "docker"; dest: string; names: string[] }
  | { type: "image"; names: string[]; push: boolean };

/** `-o dir`, `-o -`, `-o type=tar,dest=x`. */
export function parseOutput(spec: string): BuildOutput {
  const fields = parseFields(spec);
  const type = fields.get("type");
  if (type === undefined) return spec === "-" ? { type: "tar", dest: "-" } : { type: "local", dest: spec };
  const dest = fields.get("dest") ?? "";
  switch (type) {
    case "local":
      if (dest === "" || dest === "-") throw new CliError("dest is required for local output");
      return { type, dest };
    case "tar":
      return { type, dest: dest || "-" };
    case "oci":
      return { type, dest: dest || "-", names: names(fields) };
    case "docker":
      return dest === "" ? { type: "image", names: names(fields), push: false } : { type, dest, names: names(fields) };
    case "image":
      return { type: "image", names: names(fields), push: fields.get("push") === "true" };
    case "registry":
      return { type: "image", names: names(fields), push: true };
    case "cacheonly":
      return { type: "image", names: [], push: false };
    default:
      throw new CliError(`unknown output type ${type}: it should be local, tar, oci, docker, image or registry`);
  }
}

/** The names that the result gets: `--tag` wins over those of outputs, as with buildx. */
export function namesOf(tags: readonly string[], outputs: readonly BuildOutput[]): readonly string[] {
  return tags.length > 0 ? tags : [...new Set(outputs.flatMap((output) => ("names" in output ? output.names : [])))];
}

function names(fields: Map<string, string>): string[] {
  return (fields.get("name") ?? "").split(/[ ,]/).filter(Boolean);
}
