/** Compose files as stacks have them: read, filled in, checked, brought to their long forms, and merged. */
import { dirname } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import { readBytes } from "../files.ts";
import { absolutePath } from "../paths.ts";
import { interpolateTree, type Variables } from "./interpolate.ts";
import { mergeProjects } from "./merge.ts";
import type { Project } from "./project-type.ts";
import { fieldsOf, isMapping, type Mapping, named, type Place, pairs, type Reader, text, truth } from "./readers.ts";
import { serviceFields } from "./service-fields.ts";
import { parseComposeYaml } from "./yaml.ts";

export interface LoadOptions {
  /** Paths; `-` is standard input. The first one's folder is that of relative paths. */
  files: readonly string[];
  cwd: string;
  env: Variables;
  stdin(): Promise<string>;
  /** Leaves variables as they are written. */
  skipInterpolation?: boolean;
}

/** Throws Docker's texts, which name the place in the file. */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const [first = "-"] = options.files;
  const folder = first === "-" ? options.cwd : dirname(absolutePath(options.cwd, first));
  const projects: Project[] = [];
  for (const file of options.files) projects.push(await loadFile(file, folder, options));
  return projects.reduce(mergeProjects);
}

async function loadFile(file: string, folder: string, options: LoadOptions): Promise<Project> {
  const { cwd, env, skipInterpolation = false } = options;
  const source =
    file === "-" ? await options.stdin() : new TextDecoder().decode(await readBytes(absolutePath(cwd, file), file));
  const tree = parseComposeYaml(source);
  if (!isMapping(tree)) throw new Error("top-level object must be a mapping");
  const { version = "3.13" } = tree;
  if (typeof version !== "string" && typeof version !== "number") throw new Error("version must be a string");
  if (!/^3(\.\d+)?$/.test(String(version))) throw new Error(`unsupported Compose file version: ${version}`);
  const filled: Mapping = { ...tree };
  for (const part of parts) {
    if (!skipInterpolation && isMapping(tree[part])) filled[part] = interpolateTree(tree[part], env, part);
  }
  const project = readProject(filled, String(version), { path: "", folder });
  for (const service of Object.values(project.services)) await addEnvironment(service, folder, env);
  return project;
}

const parts = ["services", "networks", "volumes", "secrets", "configs"] as const;
const labels = pairs("");
const external: Reader = (value, place) =>
  isMapping(value) ? fieldsOf({ name: text })(value, place) : truth(value, place);
const options = pairs("");

const file: Reader<string> = (value, place) => absolutePath(place.folder, text(value, place));

const readers: Record<(typeof parts)[number], Reader<Mapping>> = {
  services: fieldsOf(serviceFields),
  networks: fieldsOf({
    name: text,
    driver: text,
    driver_opts: options,
    ipam: fieldsOf({
      driver: text,
      config: (value, place) => {
        if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
        return value.map((one) => fieldsOf({ subnet: text, gateway: text })(one, place));
      },
    }),
    external,
    internal: truth,
    attachable: truth,
    labels,
  }),
  volumes: fieldsOf({ name: text, driver: text, driver_opts: options, external, labels }),
  secrets: fieldsOf({ name: text, file, external, labels, driver: text, driver_opts: options, template_driver: text }),
  configs: fieldsOf({ name: text, file, external, labels, template_driver: text }),
};

function readProject(tree: Mapping, version: string, place: Place): Project {
  const alien = Object.keys(tree).find(
    (key) => key !== "version" && !parts.some((part) => part === key) && !key.startsWith("x-"),
  );
  if (alien !== undefined) throw new Error(`(root) Additional property ${alien} is not allowed`);
  const read = (part: (typeof parts)[number]): Record<string, Mapping> => {
    const given = tree[part];
    if (given === undefined || given === null) return {};
    const reader: Reader<Mapping> = (value, at) => {
      if (value === null && part === "services") throw new Error(`${at.path} must be a mapping`);
      return withExternalName(readers[part](value ?? {}, at));
    };
    return named(reader)(given, { ...place, path: part });
  };
  return {
    version,
    services: read("services"),
    networks: read("networks"),
    volumes: read("volumes"),
    secrets: read("secrets"),
    configs: read("configs"),
    extensions: Object.fromEntries(Object.entries(tree).filter(([key]) => key.startsWith("x-"))),
  };
}

/** `external: {name: NAME}`, as older files have it, in the newer form. */
function withExternalName(thing: Mapping): Mapping {
  const { external: outside } = thing;
  return isMapping(outside) ? { ...thing, name: outside["name"] ?? thing["name"], external: true } : thing;
}

/** Variables from files, under those that the service itself sets; ones without a value take the surroundings'. */
async function addEnvironment(service: Mapping, folder: string, env: Variables): Promise<void> {
  const { env_file: envFiles, environment } = service;
  const variables: Record<string, string | null> = {};
  for (const path of Array.isArray(envFiles) ? envFiles : []) {
    try {
      const content = await readBytes(absolutePath(folder, String(path)), absolutePath(folder, String(path)));
      Object.assign(variables, fileVariables(new TextDecoder().decode(content), env));
    } catch (error) {
      throw new Error(errorMessage(error), { cause: error });
    }
  }
  if (isMapping(environment)) {
    for (const [name, value] of Object.entries(environment))
      variables[name] = value === null ? (env[name] ?? null) : String(value);
  }
  if (Object.keys(variables).length > 0) service["environment"] = variables;
}

function fileVariables(content: string, env: Variables): Record<string, string> {
  const found: Record<string, string> = {};
  for (const raw of content.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const at = line.indexOf("=");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? env[name] : line.slice(at + 1);
    if (value !== undefined) found[name] = value;
  }
  return found;
}
