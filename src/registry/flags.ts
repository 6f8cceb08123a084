import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { folderOf, readDocument, readOptions } from "./config.ts";
import { RegistryConfigError } from "./config-error.ts";
import type { RegistryOptions } from "./options.ts";
import { Settings } from "./settings.ts";

const flags = {
  listen: { type: "string" },
  data: { type: "string" },
  config: { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "insecure-http": { type: "boolean" },
  auth: { type: "string" },
  "access-file": { type: "string" },
  "anonymous-pull": { type: "boolean" },
  "token-realm": { type: "string" },
  "token-lifetime": { type: "string" },
  "mirror-of": { type: "string", multiple: true },
  quota: { type: "string", multiple: true },
  "keep-untagged": { type: "string" },
  s3: { type: "string" },
  "max-blob-size": { type: "string" },
  "max-manifest-size": { type: "string" },
  "gc-interval": { type: "string" },
  "gc-grace": { type: "string" },
  "upload-expiry": { type: "string" },
  "drain-timeout": { type: "string" },
  page: { type: "boolean" },
  "access-log": { type: "boolean" },
  "log-level": { type: "string" },
  "log-format": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Text of `berth registry --help`. */
export const usage = `Usage:  berth registry serve [OPTIONS]

Stores and serves images (OCI distribution specification 1.1)

Options:
      --access-file FILE       Who may do what where (YAML: access: [{users, repositories, actions}])
      --anonymous-pull         Let everybody pull without logging in
      --auth METHOD            Users: htpasswd:FILE (HTTP Basic) or token:FILE (the same file, through
                               the built-in token service)
      --config FILE            Settings in a file (YAML), by the names of these options; options win
      --data DIR               Where everything is kept (default /var/lib/berth-registry)
      --drain-timeout TIME     How long a stop waits for uploads (default 1m)
      --gc-grace TIME          Keep what nothing names any more for so long (default 5m)
      --gc-interval TIME       Time between collections (default 1m)
      --insecure-http          Allow plain HTTP beyond loopback
      --keep-untagged TIME     Remove manifests that have had no tag for so long (default: keep them)
      --listen ADDRESS         HOST:PORT (default 127.0.0.1:5000)
      --log-format FORMAT      text or json (default text)
      --log-level LEVEL        debug, info, warn or error (default info)
      --max-blob-size SIZE     Refuse larger blobs (default 1TiB)
      --max-manifest-size SIZE Refuse larger manifests (default 4MiB)
      --mirror-of [PREFIX=]URL Serve PREFIX/… from another registry, keeping what was pulled (repeatable)
      --no-access-log          Do not log requests
      --no-page                Do not serve the web page
      --quota [PATTERN=]SIZE   Bytes that each repository of the pattern may hold (repeatable)
      --s3 URL                 Keep blobs in a bucket: s3://BUCKET[/PREFIX][?endpoint=URL&region=…&redirect=true];
                               keys from S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY
      --tls-cert FILE          Certificate chain (PEM)
      --tls-key FILE           Its private key (PEM)
      --token-lifetime TIME    Validity of tokens (default 5m)
      --token-realm URL        Where clients fetch tokens, if not at the address they came to
      --upload-expiry TIME     Forget uploads that rest for so long (default 24h)
`;

/** Null: help was asked for. Throws RegistryConfigError. */
export async function parseFlags(argv: string[]): Promise<RegistryOptions | null> {
  let values: Record<string, string | boolean | string[] | undefined>;
  try {
    values = parseArgs({
      args: argv,
      options: flags,
      strict: true,
      allowNegative: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new RegistryConfigError(
      `${error instanceof Error ? error.message.split(". ")[0] : error}\nSee 'berth registry serve --help'.`,
    );
  }
  const { help, config, s3, ...given } = values;
  if (help) return null;
  let document: Record<string, unknown> = {};
  let folder = process.cwd();
  if (typeof config === "string") {
    const read = await readDocument(config);
    if (typeof read !== "object" || read === null || Array.isArray(read))
      throw new RegistryConfigError(`${config}: expected a mapping`);
    document = { ...read };
    folder = folderOf(config);
  }
  for (const key of ["data", "tls-cert", "tls-key", "access-file"]) {
    const value = given[key];
    if (typeof value === "string") given[key] = resolve(value);
  }
  if (typeof given["auth"] === "string")
    given["auth"] = given["auth"].replace(/^(htpasswd|token):(.+)$/, (_, kind, file) => `${kind}:${resolve(file)}`);
  const merged = { ...document, ...given, ...(typeof s3 === "string" && { s3: parseS3(s3) }) };
  return await readOptions(new Settings(merged, typeof config === "string" ? config : "options"), folder);
}

function parseS3(text: string): Record<string, unknown> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "s3:" || !url.hostname)
    throw new RegistryConfigError(`s3: ${JSON.stringify(text)}: use s3://BUCKET[/PREFIX][?endpoint=URL&region=…]`);
  const settings: Record<string, unknown> = { bucket: url.hostname, prefix: decodeURIComponent(url.pathname) };
  for (const [key, value] of url.searchParams)
    settings[key] = value === "true" ? true : value === "false" ? false : value;
  return settings;
}
