import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthConfig } from "../../api/types/system.ts";
import { invalid } from "../../lib/errors.ts";
import { own } from "../../lib/own.ts";

/** What the configuration says of one registry (`registries` of the daemon's configuration file). */
export interface RegistrySettings {
  /** Tried in order before the registry itself: hosts, or URLs whose path is put before the repository. */
  mirrors?: string[];
  /** Allows plain HTTP, and TLS without a check of the certificate. */
  insecure?: boolean;
  /** PEM text or the path of a file of it. */
  ca?: string;
  /** Used where the client sends none. */
  auth?: AuthConfig;
  /** How layers made here are compressed for it, where they were not compressed before; default gzip. */
  compression?: "gzip" | "zstd";
}

/** All that decides how a registry is reached; read anew for each pull and push, so a reload takes effect at once. */
export interface RegistriesConfig {
  registries: Record<string, RegistrySettings>;
  /** Host names, `host:port` or CIDR ranges that may be reached without (checked) TLS. */
  insecureRegistries: string[];
  /** Mirrors of Docker Hub (`registry-mirrors`). */
  hubMirrors: string[];
  /** Folders that hold `<host>/ca.crt`, `client.cert` and `client.key`. */
  certsDirs: string[];
  proxies: { http?: string; https?: string; no?: string };
}

/** One place to ask: base URL without a trailing slash, and how to trust it. */
export interface Endpoint {
  url: string;
  /** The registry's name as references carry it (`docker.io`), whatever the host behind it. */
  domain: string;
  mirror: boolean;
  /** What stands before the repository's name in a mirror that keeps several registries; `""` or `ghcr.io/`. */
  prefix: string;
  tls?: { ca?: string[]; cert?: string; key?: string; rejectUnauthorized?: boolean };
  proxy?: string;
  auth?: AuthConfig;
  compression?: "gzip" | "zstd";
}

const hubHost = "registry-1.docker.io";

/** The places to ask for what lives in `domain`, best first: mirrors (for reading only), then the registry. */
export function endpoints(domain: string, config: RegistriesConfig, use: "pull" | "push"): Endpoint[] {
  const settings = own(config.registries, domain) ?? {};
  const found: Endpoint[] = [];
  if (use === "pull") {
    const mirrors = [...(settings.mirrors ?? []), ...(domain === "docker.io" ? config.hubMirrors : [])];
    for (const mirror of mirrors) found.push(...reach(mirror, domain, config, true));
  }
  found.push(...reach(domain === "docker.io" ? hubHost : domain, domain, config, false, settings));
  return found;
}

/** A host over TLS, then over plain HTTP where that is allowed. */
function reach(
  address: string,
  domain: string,
  config: RegistriesConfig,
  mirror: boolean,
  settings: RegistrySettings = {},
): Endpoint[] {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*?)\/*$/.exec(address) ?? [];
  const host = rest.split("/")[0] ?? rest;
  const told = { ...own(config.registries, host), ...settings };
  const insecure = told.insecure ?? isInsecure(host, config.insecureRegistries);
  const tls = { ...readCertificates(host, config.certsDirs), ...(insecure && { rejectUnauthorized: false }) };
  if (told.ca) tls.ca = [...(tls.ca ?? []), told.ca.includes("-----BEGIN") ? told.ca : readFileSync(told.ca, "utf8")];
  const path = rest.slice(host.length + 1);
  const base = {
    domain,
    mirror,
    prefix: path && `${path}/`,
    ...(told.auth && { auth: told.auth }),
    ...(told.compression && { compression: told.compression }),
  };
  const at = (scheme: "http" | "https") => {
    const proxy = proxyFor(host, scheme, config.proxies);
    return { ...base, url: `${scheme}://${host}`, ...(proxy && { proxy }) };
  };
  const secure: Endpoint = { ...at("https"), ...(Object.keys(tls).length > 0 && { tls }) };
  const plain: Endpoint = at("http");
  if (scheme === "http") return [plain];
  if (scheme === "https" || !insecure) return [secure];
  return [secure, plain];
}

/** Loopback is always taken for insecure, as Docker does. */
function isInsecure(host: string, allowed: readonly string[]): boolean {
  const name = hostName(host);
  if (name === "localhost" || name === "::1" || /^127\./.test(name)) return true;
  return allowed.some((entry) => entry === host || entry === name || (entry.includes("/") && inCidr(name, entry)));
}

function hostName(host: string): string {
  return host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d+$/, "");
}

function inCidr(address: string, cidr: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  const [a, b] = [ipv4(address), ipv4(base)];
  if (a === undefined || b === undefined) return false;
  const mask = Number(bits) === 0 ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  return (a & mask) >>> 0 === (b & mask) >>> 0;
}

function ipv4(text: string): number | undefined {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/**
 * `<dir>/<host>/`: every `*.crt` is a CA; `x.cert` with `x.key` is a client certificate. Throws `invalid` where one of
 * the two is missing.
 */
function readCertificates(host: string, dirs: readonly string[]): { ca?: string[]; cert?: string; key?: string } {
  for (const dir of dirs) {
    const folder = join(dir, host);
    if (!existsSync(folder)) continue;
    const names = readdirSync(folder).sort();
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    for (const name of names) {
      const [key, cert] = [name.replace(/\.cert$/, ".key"), name.replace(/\.key$/, ".cert")];
      if (!names.includes(key))
        throw invalid(
          `missing key ${key} for client certificate ${name}. Note that CA certificates should use the extension .crt`,
        );
      if (!names.includes(cert)) throw invalid(`missing client certificate ${cert} for key ${name}`);
    }
    const ca = names.filter((name) => name.endsWith(".crt")).map(read);
    const client = names.find((name) => name.endsWith(".cert"));
    return {
      ...(ca.length > 0 && { ca }),
      ...(client && { cert: read(client), key: read(client.replace(/\.cert$/, ".key")) }),
    };
  }
  return {};
}

function proxyFor(host: string, scheme: string, proxies: RegistriesConfig["proxies"]): string | undefined {
  const name = hostName(host);
  if (name === "localhost" || name === "::1" || /^127\./.test(name)) return undefined;
  for (const entry of (proxies.no ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)) {
    const suffix = entry.replace(/^\*?\.?/, "");
    if (
      entry === "*" ||
      name === suffix ||
      name.endsWith(`.${suffix}`) ||
      entry === host ||
      (entry.includes("/") && inCidr(name, entry))
    )
      return undefined;
  }
  return scheme === "http" ? proxies.http : proxies.https;
}
