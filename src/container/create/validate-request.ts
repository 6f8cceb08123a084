import { isAbsolute } from "node:path/posix";
import type { ContainerConfig, HealthConfig, HostConfig, RestartPolicy } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import { parseSignal } from "../life/signal.ts";
import { completePort, exposedPorts } from "../network/port.ts";

/** Nanoseconds: the shortest time that a health check may name. */
const shortest = 1_000_000;

/**
 * Refuses what no host could run, in Docker's words. Resources, namespaces and security are spec/validate.ts's affair.
 */
export function validateRequest(config: ContainerConfig, host: HostConfig): void {
  if (config.WorkingDir && !isAbsolute(config.WorkingDir)) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  for (const entry of config.Env ?? []) {
    if (entry === "" || entry.startsWith("=")) throw invalid(`invalid environment variable: ${entry}`);
  }
  // Programs would see the text cut off there under crun, and not come up at all under runc.
  for (const text of [...(config.Cmd ?? []), ...(config.Entrypoint ?? []), ...(config.Env ?? [])]) {
    if (text.includes("\0")) throw invalid(`invalid argument: ${JSON.stringify(text)} has a NUL character in it`);
  }
  if ((config.Hostname?.length ?? 0) > 64)
    throw invalid(`hostname "${config.Hostname}" is too long (maximum 64 bytes)`);
  if (config.Healthcheck) validateHealthcheck(config.Healthcheck);
  if (host.AutoRemove && host.RestartPolicy?.Name && host.RestartPolicy.Name !== "no") {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  validateRestartPolicy(host.RestartPolicy);
  for (const entry of host.ExtraHosts ?? []) validateExtraHost(entry);
  for (const server of host.Dns ?? []) {
    if (!isAddress(server))
      throw invalid(`bad nameserver address ${server}: ParseAddr(${JSON.stringify(server)}): unable to parse IP`);
  }
  for (const port of Object.keys(config.ExposedPorts ?? {})) {
    if (exposedPorts(port) === null) throw invalid(`invalid JSON: invalid port '${port}'`);
  }
  validatePorts(host);
  if (host.Isolation && host.Isolation !== "default")
    throw invalid(`invalid isolation (${host.Isolation}): linux only supports 'default'`);
  if (Object.hasOwn(host.Annotations ?? {}, ""))
    throw invalid("invalid Annotations: the empty string is not permitted as an annotation key");
}

function validateHealthcheck(check: HealthConfig): void {
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = check[field] ?? 0;
    if (value !== 0 && value < shortest) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((check.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative");
}

/** Throws `invalid`, with Docker's text, on an unknown policy and on a retry count that does not fit the policy. */
export function validateRestartPolicy(policy: RestartPolicy | null | undefined): void {
  const { Name: name, MaximumRetryCount } = policy ?? {};
  const retries = MaximumRetryCount ?? 0;
  switch (name ?? "") {
    case "":
      return;
    case "no":
    case "always":
    case "unless-stopped":
      if (retries === 0) return;
      throw invalid(
        "invalid restart policy: maximum retry count can only be used with " +
          `'on-failure'${retries < 0 ? " and cannot be negative" : ""}`,
      );
    case "on-failure":
      if (retries < 0) throw invalid("invalid restart policy: maximum retry count cannot be negative");
      return;
    default:
      throw invalid(
        `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or ` +
          "'unless-stopped'",
      );
  }
}

function validateExtraHost(entry: string): void {
  // IPv6 addresses have colons of their own: the first one separates. Newer clients write `name=address`.
  const match = /^([^:=]+)[:=](.*)$/.exec(entry);
  if (!match) throw invalid(`bad format for add-host: "${entry}"`);
  const address = (match[2] ?? "").replace(/^\[(.*)\]$/, "$1");
  if (address !== "host-gateway" && !isAddress(address)) throw invalid(`invalid IP address in add-host: "${match[2]}"`);
}

function isAddress(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text)
    ? text.split(".").every((part) => Number(part) <= 255)
    : /^[0-9a-f:.]*:[0-9a-f:.]*(%\w+)?$/i.test(text);
}

/**
 * Throws `invalid` on a port binding whose port, host address or host port cannot be read. Whether they are free is not
 * looked at.
 */
export function validatePorts(host: HostConfig): void {
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    if (completePort(port) === null || /^0+\b/.test(port)) throw invalid(`invalid port specification: "${port}"`);
    for (const { HostIp: address, HostPort: hostPort } of bindings ?? []) {
      if (address && !isAddress(address.replace(/^\[(.*)\]$/, "$1"))) throw invalid(`invalid IP address: ${address}`);
      if (hostPort && !isPortRange(hostPort)) throw invalid(`invalid port specification: "${hostPort}"`);
    }
  }
}

function isPortRange(text: string): boolean {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  return match !== null && from <= to && to <= 65535;
}
