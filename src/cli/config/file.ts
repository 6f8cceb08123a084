import { errorMessage } from "../../lib/errors.ts";
import { decodeJson } from "../../lib/parse-json.ts";

/** `config.json` in the configuration directory, shared with docker. Unknown keys are kept when it is written back. */
export interface ConfigFile {
  auths?: Record<string, StoredAuth>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  HttpHeaders?: Record<string, string>;
  currentContext?: string;
  detachKeys?: string;
  psFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  pluginsFormat?: string;
  volumesFormat?: string;
  configFormat?: string;
  nodesFormat?: string;
  secretFormat?: string;
  servicesFormat?: string;
  tasksFormat?: string;
  statsFormat?: string;
  proxies?: Record<
    string,
    { httpProxy?: string; httpsProxy?: string; ftpProxy?: string; noProxy?: string; allProxy?: string }
  >;
  [key: string]: unknown;
}

export interface StoredAuth {
  auth?: string;
  username?: string;
  password?: string;
  email?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** Reads `<dir>/config.json`; {} where there is none. Throws with the file's name where it is no JSON object. */
export async function readConfig(dir: string): Promise<ConfigFile> {
  const path = `${dir}/config.json`;
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch {
    return {};
  }
  if (text === "") return {};
  try {
    const value = decodeJson<ConfigFile | null>(text, "unexpected EOF");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    throw new Error("not a JSON object");
  } catch (error) {
    throw new Error(`parsing config file (${path}): ${errorMessage(error)}`);
  }
}

/**
 * Writes `<dir>/config.json` (mode 0600; never over one that cannot be read) by rename, following a symbolic link; the
 * directory is made if needed.
 */
export async function writeConfig(dir: string, config: ConfigFile): Promise<void> {
  const { chmod, mkdir, realpath, rename, writeFile } = await import("node:fs/promises");
  // What cannot be read must not be lost by writing over it.
  await readConfig(dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = `${dir}/config.json`;
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(config, null, "\t")}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, target);
}
