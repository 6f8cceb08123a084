import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorMessage } from "../lib/errors.ts";
import type { LogLevel } from "../lib/log.ts";
import type { Action } from "./auth/authority.ts";
import { RegistryConfigError } from "./config-error.ts";
import {
  type AccessRule,
  type AuthOptions,
  defaultOptions,
  type MirrorOptions,
  type Quota,
  type RegistryOptions,
  type RetentionRule,
  type S3Options,
} from "./options.ts";
import { Settings } from "./settings.ts";
import { parseDuration, parseSize } from "./units.ts";

const defaultData = "/var/lib/berth-registry";
const actions: readonly string[] = ["pull", "push", "delete"];
const levels: readonly string[] = ["debug", "info", "warn", "error"];

/**
 * The registry's options from settings that the command line and the configuration file share (docs/registry.md lists
 * them). `folder`: what relative paths of the file start from. Throws RegistryConfigError.
 */
export async function readOptions(settings: Settings, folder: string): Promise<RegistryOptions> {
  const path = (text: string) => resolve(folder, text);
  const options = defaultOptions(path(settings.text("data") ?? defaultData));
  const listen = settings.text("listen");
  if (listen !== undefined) Object.assign(options, parseListen(listen));

  const cert = settings.parsed("tls-cert", path);
  const key = settings.parsed("tls-key", path);
  if ((cert === undefined) !== (key === undefined)) throw new RegistryConfigError("tls-cert and tls-key go together");
  if (cert !== undefined && key !== undefined) options.tls = { cert, key };
  const plain = settings.flag("insecure-http") ?? false;
  if (!options.tls && !plain && !isLoopback(options.hostname)) {
    throw new RegistryConfigError(
      `refusing to listen on ${options.hostname} without TLS: give --tls-cert and --tls-key, or say --insecure-http`,
    );
  }

  options.anonymousPull = settings.flag("anonymous-pull") ?? false;
  const external = settings.nested("token-service");
  options.auth = await readAuth(settings.text("auth"), external, options.anonymousPull, path);
  options.access = (await readAccess(settings, path)) ?? [];
  if (options.auth.kind === "none" && (options.access.length > 0 || options.anonymousPull)) {
    throw new RegistryConfigError(
      "access rules and anonymous-pull need users: give --auth htpasswd:FILE or token:FILE",
    );
  }
  const realm = settings.text("token-realm");
  if (realm !== undefined) options.tokenRealm = checkUrl("token-realm", realm);
  options.tokenLifetime = Math.max(60_000, settings.parsed("token-lifetime", parseDuration) ?? options.tokenLifetime);

  options.mirrors = [
    ...((await readMirrors(settings, path)) ?? []),
    ...(settings.texts("mirror-of") ?? []).map(parseMirror),
  ];
  if (new Set(options.mirrors.map(({ prefix }) => prefix)).size < options.mirrors.length)
    throw new RegistryConfigError("two mirrors have the same prefix");
  options.quotas = [...(settings.list("quotas", readQuota) ?? []), ...(settings.texts("quota") ?? []).map(parseQuota)];
  options.retention = settings.list("retention", readRetention) ?? [];
  const untagged = settings.parsed("keep-untagged", parseDuration);
  if (untagged !== undefined) options.retention.push({ repositories: ["**"], keepTags: [], untagged });

  const s3 = settings.nested("s3");
  if (s3) {
    options.s3 = readS3(s3);
    s3.end();
  }
  options.maxBlobBytes = settings.parsed("max-blob-size", parseSize) ?? options.maxBlobBytes;
  options.maxManifestBytes = settings.parsed("max-manifest-size", parseSize) ?? options.maxManifestBytes;
  options.gcInterval = settings.parsed("gc-interval", parseDuration) ?? options.gcInterval;
  options.gcGrace = settings.parsed("gc-grace", parseDuration) ?? options.gcGrace;
  options.uploadExpiry = settings.parsed("upload-expiry", parseDuration) ?? options.uploadExpiry;
  options.drainTimeout = settings.parsed("drain-timeout", parseDuration) ?? options.drainTimeout;
  options.page = settings.flag("page") ?? options.page;
  options.accessLog = settings.flag("access-log") ?? options.accessLog;
  options.logLevel = settings.parsed("log-level", parseLevel) ?? options.logLevel;
  options.logFormat = settings.parsed("log-format", parseFormat) ?? options.logFormat;
  settings.end();
  return options;
}

/**
 * A file of settings, in YAML or JSON; an empty file is `{}`. Throws RegistryConfigError if it cannot be read or is no
 * YAML.
 */
export async function readDocument(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new RegistryConfigError(`cannot read ${file}: ${errorMessage(error)}`);
  }
  try {
    return Bun.YAML.parse(text) ?? {};
  } catch (error) {
    throw new RegistryConfigError(`${file} is not valid YAML: ${errorMessage(error)}`);
  }
}

/** `host:port`, `[v6]:port`, `:port` (all addresses), `port` (loopback). */
function parseListen(text: string): { hostname: string; port: number } {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535)
    throw new RegistryConfigError(`listen: ${JSON.stringify(text)} is no address of the form HOST:PORT`);
  const host = match[1];
  if (host === undefined) return { hostname: "127.0.0.1", port };
  return { hostname: host === "" ? "0.0.0.0" : host.replace(/^\[|\]$/g, ""), port };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function readAuth(
  text: string | undefined,
  external: Settings | undefined,
  anonymousPull: boolean,
  path: (text: string) => string,
): Promise<AuthOptions> {
  if (external) {
    if (text !== undefined) throw new RegistryConfigError("auth and token-service exclude each other");
    const auth: AuthOptions = {
      kind: "external",
      realm: checkUrl("realm", external.requiredText("realm")),
      service: external.requiredText("service"),
      issuer: external.requiredText("issuer"),
      keys: path(external.requiredText("keys")),
    };
    external.end();
    return auth;
  }
  if (text === undefined || text === "none") return { kind: "none" };
  const match = /^(htpasswd|token):(.+)$/.exec(text);
  if (!match?.[2]) throw new RegistryConfigError(`auth: ${JSON.stringify(text)}: use htpasswd:FILE or token:FILE`);
  const file = path(match[2]);
  if (!(await Bun.file(file).exists()))
    throw new RegistryConfigError(`auth: ${file} is not there: make it with htpasswd -Bc`);
  // HTTP Basic has no way to be nobody first and somebody later on the same registry; tokens do.
  return { kind: "htpasswd", file, tokens: match[1] === "token" || anonymousPull };
}

async function readAccess(settings: Settings, path: (text: string) => string): Promise<AccessRule[] | undefined> {
  const file = settings.parsed("access-file", path);
  if (file === undefined) return settings.list("access", readRule);
  const document = new Settings(await readDocument(file), file);
  const rules = document.list("access", readRule);
  document.end();
  return rules;
}

function readRule(entry: Settings): AccessRule {
  const wanted = entry.texts("actions") ?? ["pull"];
  const isAction = (text: string): text is Action => actions.includes(text);
  const allowed = wanted.flatMap((text): Action[] => {
    if (text === "*") return ["pull", "push", "delete"];
    if (!isAction(text))
      throw new RegistryConfigError(`access: unknown action ${JSON.stringify(text)}: pull, push, delete or *`);
    return [text];
  });
  return {
    users: entry.texts("users") ?? ["*"],
    repositories: entry.texts("repositories") ?? ["**"],
    actions: allowed,
  };
}

async function readMirrors(settings: Settings, path: (text: string) => string): Promise<MirrorOptions[] | undefined> {
  const files: { mirror: MirrorOptions; file: string }[] = [];
  const mirrors = settings.list("mirrors", (entry) => {
    const mirror: MirrorOptions = {
      prefix: checkPrefix(entry.text("prefix") ?? ""),
      url: checkUrl("mirrors: url", entry.requiredText("url")),
      ttl: entry.parsed("ttl", parseDuration) ?? 60_000,
    };
    const username = entry.text("username");
    const password = entry.text("password");
    const file = entry.parsed("password-file", path);
    if (username !== undefined) mirror.username = username;
    if (password !== undefined) mirror.password = password;
    if (file !== undefined) files.push({ mirror, file });
    return mirror;
  });
  for (const { mirror, file } of files) mirror.password = (await readFile(file, "utf8")).trim();
  return mirrors;
}

function parseMirror(text: string): MirrorOptions {
  const match = /^(?:([a-z0-9][a-z0-9.:/_-]*)=)?(https?:\/\/.+)$/.exec(text);
  if (!match?.[2])
    throw new RegistryConfigError(
      `mirror-of: ${JSON.stringify(text)}: use [PREFIX=]URL, as in docker.io=https://registry-1.docker.io`,
    );
  return { prefix: checkPrefix(match[1] ?? ""), url: checkUrl("mirror-of", match[2]), ttl: 60_000 };
}

function checkPrefix(prefix: string): string {
  if (prefix !== "" && !/^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/.test(prefix)) {
    throw new RegistryConfigError(`mirror prefix ${JSON.stringify(prefix)} cannot begin a repository's name`);
  }
  return prefix;
}

function checkUrl(where: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new RegistryConfigError(`${where}: ${JSON.stringify(text)} is no http or https address`);
  return text.replace(/\/+$/, "");
}

function readQuota(entry: Settings): Quota {
  return { repositories: entry.texts("repositories") ?? ["**"], bytes: parseSize(entry.requiredText("size")) };
}

function parseQuota(text: string): Quota {
  const [pattern, size] = text.includes("=") ? text.split("=", 2) : ["**", text];
  return { repositories: [pattern ?? "**"], bytes: parseSize(size ?? "") };
}

function readRetention(entry: Settings): RetentionRule {
  const rule: RetentionRule = {
    repositories: entry.texts("repositories") ?? ["**"],
    keepTags: entry.texts("keep-tags") ?? [],
  };
  const keepLast = entry.count("keep-last");
  const olderThan = entry.parsed("older-than", parseDuration);
  const unpulled = entry.parsed("unpulled", parseDuration);
  const untagged = entry.parsed("untagged", parseDuration);
  if (keepLast !== undefined) rule.keepLast = keepLast;
  if (olderThan !== undefined) rule.olderThan = olderThan;
  if (unpulled !== undefined) rule.unpulled = unpulled;
  if (untagged !== undefined) rule.untagged = untagged;
  return rule;
}

function readS3(settings: Settings): S3Options {
  const options: S3Options = {
    bucket: settings.requiredText("bucket"),
    prefix: (settings.text("prefix") ?? "").replace(/^\/+|\/+$/g, ""),
    virtualHosted: settings.flag("virtual-hosted") ?? false,
    redirect: settings.flag("redirect") ?? false,
  };
  for (const [key, name] of [
    ["endpoint", "endpoint"],
    ["region", "region"],
    ["access-key-id", "accessKeyId"],
    ["secret-access-key", "secretAccessKey"],
  ] as const) {
    const value = settings.text(key);
    if (value !== undefined) options[name] = value;
  }
  return options;
}

function parseLevel(text: string): LogLevel {
  const isLevel = (value: string): value is LogLevel => levels.includes(value);
  if (!isLevel(text)) throw new Error(`${JSON.stringify(text)}: ${levels.join(", ")}`);
  return text;
}

function parseFormat(text: string): "text" | "json" {
  if (text !== "text" && text !== "json") throw new Error(`${JSON.stringify(text)}: text or json`);
  return text;
}

/** The folder of a configuration file, for its relative paths. */
export function folderOf(file: string): string {
  return dirname(resolve(file));
}
