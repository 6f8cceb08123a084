import { join } from "node:path";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { parseCidr, parseIp } from "../../lib/ip.ts";
import type { LogLevel } from "../../lib/log.ts";
import { publishPolicies } from "../../network/options.ts";
import { builtinLogDrivers } from "../../runtime/logs/driver/builtin.ts";
import { defaultLogDriver, parseLogOptions } from "../../runtime/logs/driver/driver.ts";
import { type DaemonConfig, defaultSocket } from "./config.ts";
import type { DaemonEnvironment } from "./environment.ts";
import { daemonOptions } from "./options/all.ts";
import { registrySettings } from "./registries.ts";
import { parseSize } from "./size.ts";
import { tcpHost } from "./tcp-host.ts";
import { ConfigValues } from "./values.ts";

/** Checks every value and fills in the defaults. Throws `invalid`, naming the option. */
export function resolveConfig(
  given: ReadonlyMap<string, unknown>,
  configFile: string,
  environment: DaemonEnvironment,
): DaemonConfig {
  const values = new ConfigValues(given);
  const config: DaemonConfig = {
    configFile,
    hosts: hosts(values, environment),
    dockerSocket: values.boolean("docker-socket", false),
    group: values.optional("group"),
    tls: tls(values),
    dataRoot: absolute("data-root", values.string("data-root", "/var/lib/berth")),
    execRoot: absolute("exec-root", values.string("exec-root", "/run/berth")),
    pidfile: values.string("pidfile", "/run/berth/berth.pid"),
    authorizationPlugins: values.list("authorization-plugins"),
    pluginDirs: pluginDirs(values),
    debug: values.boolean("debug", false),
    logLevel: values.oneOf<LogLevel>("log-level", ["debug", "info", "warn", "error", "fatal"], "info"),
    logFormat: values.oneOf("log-format", ["text", "json"], "text"),
    labels: labels(values.list("labels")),
    experimental: values.boolean("experimental", false),
    bridge: bridge(values),
    publishAddress: ip("ip", values.string("ip", "")),
    publishPolicy: values.oneOf("publish-policy", publishPolicies, "open"),
    allowDirectRouting: values.boolean("allow-direct-routing", false),
    ipForward: values.boolean("ip-forward", true),
    hostGatewayIps: values.list("host-gateway-ips").map((address) => ip("host-gateway-ips", address)),
    addressPools: values
      .pools("default-address-pools")
      .map(({ base, size }) => ({ base: cidr("default-address-pools", base), size })),
    networkOptions: values.stringMaps("default-network-opts"),
    dns: {
      servers: values.list("dns").map((address) => ip("dns", address)),
      search: values.list("dns-search"),
      options: values.list("dns-opts"),
    },
    runtimes: values.runtimes("runtimes"),
    defaultRuntime: values.optional("default-runtime"),
    conmonPath: values.optional("conmon-path"),
    cgroupDriver: cgroupDriver(values.list("exec-opts")),
    cgroupParent: values.string("cgroup-parent", ""),
    cgroupnsMode:
      values.optional("default-cgroupns-mode") === null
        ? null
        : values.oneOf<"private" | "host">("default-cgroupns-mode", ["private", "host"], "private"),
    ipcMode: values.oneOf("default-ipc-mode", ["private", "shareable"], "private"),
    shmSize: parseSize(values.scalar("default-shm-size", "64MiB")),
    ulimits: values.ulimits("default-ulimits"),
    logDriver: values.string("log-driver", defaultLogDriver),
    logOpts: values.strings("log-opts"),
    init: values.boolean("init", false),
    initPath: values.optional("init-path"),
    cdi: features(values).cdi ?? true,
    cdiSpecDirs: cdiSpecDirs(values),
    usernsRemap: values.string("userns-remap", ""),
    noNewPrivileges: values.boolean("no-new-privileges", false),
    seccompProfile: values.string("seccomp-profile", "builtin"),
    loopQuotas: values.boolean("loop-quotas", false),
    storageDriver: values.optional("storage-driver"),
    stopTimeout: values.integer("default-stop-timeout", 10),
    shutdownTimeout: values.integer("shutdown-timeout", 15),
    shutdownContainers: values.boolean("shutdown-containers", false),
    maxConcurrentDownloads: atLeastOne("max concurrent downloads", values.integer("max-concurrent-downloads", 3)),
    maxConcurrentUploads: atLeastOne("max concurrent uploads", values.integer("max-concurrent-uploads", 5)),
    maxDownloadAttempts: atLeastOne("max download attempts", values.integer("max-download-attempts", 5)),
    insecureRegistries: values.list("insecure-registries"),
    registryMirrors: values.list("registry-mirrors").map(mirror),
    registries: registrySettings(values.object<unknown>("registries")),
    proxies: proxies(values, environment),
    buildCacheLimit: buildCacheLimit(values),
    warnings: [...unsupported(given), ...idleFeatures(values)],
  };
  if (config.bridge.name === "none" && config.bridge.bip)
    throw invalid("You specified --bip with --bridge none: there is no bridge for it");
  for (const host of config.hosts)
    if (host.startsWith("tcp://") && config.tls.enabled === null)
      throw invalid(
        `${host}: refusing to serve the API without TLS: whoever reaches it is root on this machine. Use ` +
          '--tlsverify with certificates, or say --tls=false (in the file: "tls": false) if that is what you want',
      );
  checkLogOptions(config);
  if (config.bridge.mtu < 0) throw invalid(`invalid default MTU: ${config.bridge.mtu}`);
  if (config.shmSize < 0) throw invalid(`invalid default-shm-size: ${config.shmSize}`);
  return config;
}

/** What a plugin takes nobody knows before it is asked. */
function checkLogOptions({ logDriver, logOpts }: DaemonConfig): void {
  const driver = builtinLogDrivers().get(logDriver);
  if (!driver) return;
  try {
    parseLogOptions(driver, logOpts);
  } catch (error) {
    throw invalid(`failed to set log opts: ${errorMessage(error)}`, error);
  }
}

/** Sockets in the exec root go with a reboot; Docker's directories are where plugins put themselves. */
function pluginDirs(values: ConfigValues): string[] {
  const given = values.list("plugin-dirs");
  if (given.length > 0) return given.map((directory) => absolute("plugin-dirs", directory));
  return [
    join(values.string("exec-root", "/run/berth"), "plugins"),
    "/run/docker/plugins",
    "/etc/berth/plugins",
    "/etc/docker/plugins",
    "/usr/lib/berth/plugins",
    "/usr/lib/docker/plugins",
  ];
}

function tls(values: ConfigValues): DaemonConfig["tls"] {
  const verify = values.boolean("tlsverify", false);
  return {
    enabled: values.has("tls") ? values.boolean("tls", false) : verify ? true : null,
    verify,
    ca: values.string("tlscacert", "/etc/berth/ca.pem"),
    cert: values.string("tlscert", "/etc/berth/cert.pem"),
    key: values.string("tlskey", "/etc/berth/key.pem"),
  };
}

function bridge(values: ConfigValues): DaemonConfig["bridge"] {
  return {
    name: values.string("bridge", "berth0"),
    bip: cidr("bip", values.string("bip", "")),
    bip6: cidr("bip6", values.string("bip6", "")),
    fixedCidr: cidr("fixed-cidr", values.string("fixed-cidr", "")),
    fixedCidrV6: cidr("fixed-cidr-v6", values.string("fixed-cidr-v6", "")),
    ipv6: values.boolean("ipv6", false),
    gateway: ip("default-gateway", values.string("default-gateway", "")),
    gatewayV6: ip("default-gateway-v6", values.string("default-gateway-v6", "")),
    icc: values.boolean("icc", true),
    masquerade: values.boolean("ip-masq", true),
    mtu: values.integer("mtu", 0),
  };
}

/** The options of the command line, the object in the file, the environment: the first that says something. */
function proxies(values: ConfigValues, environment: DaemonEnvironment): DaemonConfig["proxies"] {
  const object = values.strings("proxies");
  return {
    http: values.string("http-proxy", object["http-proxy"] ?? environment.proxies.http),
    https: values.string("https-proxy", object["https-proxy"] ?? environment.proxies.https),
    no: values.string("no-proxy", object["no-proxy"] ?? environment.proxies.no),
  };
}

/** `native.cgroupdriver` is the one `exec-opts` that there is. */
function cgroupDriver(execOpts: readonly string[]): DaemonConfig["cgroupDriver"] {
  const options = Object.fromEntries(execOpts.map((text) => text.split("=", 2) as [string, string]));
  const driver = options["native.cgroupdriver"] ?? "cgroupfs";
  if (driver !== "cgroupfs" && driver !== "systemd") {
    throw invalid(
      `option with cgroup driver ${JSON.stringify(driver)} is not supported: native.cgroupdriver=cgroupfs|systemd`,
    );
  }
  for (const name of Object.keys(options))
    if (name !== "native.cgroupdriver") throw invalid(`invalid exec-opt: ${name}`);
  return driver;
}

/** `builder.gc`: switched off, or `defaultKeepStorage` (`reservedSpace`, `maxUsedSpace` in newer files). */
function buildCacheLimit(values: ConfigValues): number | null {
  const gc = values.object<unknown>("builder")["gc"];
  if (gc === undefined || gc === null) return null;
  if (typeof gc !== "object") throw invalid("invalid configuration: builder.gc must be an object");
  const settings = new ConfigValues(new Map(Object.entries(gc)));
  if (!settings.boolean("enabled", true)) return 0;
  const size = ["maxUsedSpace", "defaultMaxUsedSpace", "defaultKeepStorage", "reservedSpace", "defaultReservedSpace"]
    .map((key) => settings.scalar(key, ""))
    .find((text) => text !== "");
  return size === undefined ? null : parseSize(size);
}

/** Where nobody says, what the service manager opened; without it the daemon's own socket. */
function hosts(values: ConfigValues, { listenFds }: DaemonEnvironment): string[] {
  const given = values.list("hosts");
  if (given.length === 0) return [listenFds > 0 ? "fd://" : defaultSocket];
  return given.map((host) => {
    if (host === "" || host === "unix://") return defaultSocket;
    if (host.startsWith("/")) return `unix://${host}`;
    if (!/^(unix:\/\/\/|tcp:\/\/|fd:\/\/)/.test(host))
      throw invalid(`error parsing -H ${host}: invalid bind address (${host})`);
    if (host.startsWith("tcp://")) tcpHost(host);
    return host;
  });
}

/** `key=value` each; the same key with another value is an error. */
function labels(given: string[]): string[] {
  const seen = new Map<string, string>();
  for (const label of given) {
    const equals = label.indexOf("=");
    if (equals <= 0) throw invalid(`bad attribute format: ${label}`);
    const key = label.slice(0, equals);
    if (seen.has(key) && seen.get(key) !== label)
      throw invalid(`conflict labels for ${key}=${label.slice(equals + 1)} and ${seen.get(key)}`);
    seen.set(key, label);
  }
  return [...seen.values()];
}

/** Switches of Docker's; each is true or false. */
function features(values: ConfigValues): Record<string, boolean> {
  const given = values.object<unknown>("features");
  const flags = new ConfigValues(new Map(Object.entries(given)));
  return Object.fromEntries(Object.keys(given).map((name) => [name, flags.boolean(name, false)]));
}

function idleFeatures(values: ConfigValues): string[] {
  const others = Object.keys(features(values)).filter((name) => name !== "cdi");
  return others.map((name) => `the option features.${name} has no effect on this engine`);
}

function cdiSpecDirs(values: ConfigValues): string[] {
  const given = values.list("cdi-spec-dirs").map((dir) => absolute("cdi-spec-dirs", dir));
  return given.length > 0 ? given : ["/etc/cdi", "/var/run/cdi"];
}

/** Refuses what must not be passed over; what may be gives a warning. */
function unsupported(given: ReadonlyMap<string, unknown>): string[] {
  const warnings: string[] = [];
  for (const { key, support, harmless } of daemonOptions) {
    if (!support || !given.has(key)) continue;
    const value = given.get(key);
    if (harmless !== undefined && String(value) === harmless) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    if (support === "refused") throw invalid(`${key}: not supported by this engine`);
    warnings.push(`the option ${key} has no effect on this engine`);
  }
  return warnings;
}

function absolute(key: string, path: string): string {
  if (!path.startsWith("/")) throw invalid(`${key} must be an absolute path: ${path}`);
  return path.replace(/(.)\/+$/, "$1");
}

function ip(key: string, text: string): string {
  if (text !== "" && !parseIp(text)) throw invalid(`${key}: ${text} is not an ip address`);
  return text;
}

function cidr(key: string, text: string): string {
  if (text !== "" && !parseCidr(text)) throw invalid(`${key}: invalid CIDR address: ${text}`);
  return text;
}

function atLeastOne(what: string, value: number): number {
  if (value < 1) throw invalid(`invalid ${what}: ${value}`);
  return value;
}

/** A mirror of Docker Hub, which is the address of a registry and nothing more. */
function mirror(text: string): string {
  const bad = (why: string) => invalid(`invalid mirror: ${why}`);
  const schemes = "must use either 'https://' or 'http://'";
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) throw bad(`no scheme specified for "${text}": ${schemes}`);
  if (!/^https?$/i.test(scheme)) throw bad(`unsupported scheme "${scheme}" in "${text}": ${schemes}`);
  if (/^[^/?#]*@/.test(rest)) throw bad("username/password not allowed in URI");
  if (/[?#]/.test(rest)) throw bad(`query or fragment at end of the URI "${text}"`);
  if (!URL.canParse(text)) throw bad(`"${text}" is not a valid URI`);
  return text;
}
