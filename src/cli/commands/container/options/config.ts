/** From flags and arguments to the body of `POST /containers/create`. */

import type { ContainerConfig, CreateBody, HostConfig, Resources } from "../../../../api/types/container.ts";
import { own } from "../../../../lib/own.ts";
import type { ConfigFile } from "../../../config/file.ts";
import { isMac } from "./address.ts";
import { type Draft, fill, orNull } from "./body-flag.ts";
import { cut, keyValues } from "./csv.ts";
import { parseDevices } from "./devices.ts";
import { type ContainerFlags, containerFlags } from "./flags.ts";
import { checkHealth } from "./health.ts";
import { resolveEnv, type Surroundings, withFiles } from "./key-values.ts";
import { parseRestartPolicy } from "./limits.ts";
import { resolveMount } from "./mount.ts";
import { parseEndpoints } from "./network.ts";
import { parsePorts } from "./ports.ts";
import { withProxies } from "./proxy.ts";
import { parseSecurityOptions } from "./security.ts";
import { parseTmpfs, parseVolumes } from "./volumes.ts";

export interface CreateInput extends Surroundings {
  flags: ContainerFlags;
  /** Long names of the flags that were given. */
  changed: ReadonlySet<string>;
  image: string;
  command: readonly string[];
  /** Proxies of config.json for this engine. */
  proxies?: ConfigFile["proxies"];
  engineHost: string;
}

/** What takes work to find: read from files, checked, or made of several flags. */
interface Parts {
  binds: string[];
  volumes: Record<string, Record<string, never>>;
  ports: ReturnType<typeof parsePorts>;
  environment: string[];
  labels: string[];
  restart: ReturnType<typeof parseRestartPolicy>;
  security: Awaited<ReturnType<typeof parseSecurityOptions>>;
  storage: NonNullable<HostConfig["StorageOpt"]>;
  devices: NonNullable<Resources["Devices"]>;
  deviceRequests: NonNullable<Resources["DeviceRequests"]>;
}

/**
 * The request body, every field set as docker's own client sets it (so that recorded bodies can be compared).
 * Reads the files that flags name. Throws Error with docker's texts on what cannot be.
 */
export async function createBody(input: CreateInput): Promise<CreateBody> {
  const { flags } = input;
  const parts = await readParts(input);
  const endpoints = parseEndpoints(flags.network, {
    aliases: flags["network-alias"],
    links: flags.link,
    ipv4: flags.ip,
    ipv6: flags.ip6,
    linkLocal: flags["link-local-ip"],
    mac: flags["mac-address"],
  });
  const draft: Draft = { config: ownConfig(input, parts), host: ownHostConfig(input, parts) };
  fill(draft, containerFlags, flags);
  return { ...draft.config, HostConfig: draft.host, NetworkingConfig: { EndpointsConfig: endpoints } };
}

/** In docker's order, so that of several mistakes the same one is told. */
async function readParts(input: CreateInput): Promise<Parts> {
  const { flags, cwd } = input;
  if (flags["mac-address"] !== "" && !isMac(flags["mac-address"].trim()))
    throw new Error(`${flags["mac-address"]} is not a valid mac address`);
  const swappiness = flags["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100)
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  const { binds, volumes } = parseVolumes(flags.volume, cwd);
  const ports = parsePorts(flags.publish, flags.expose);
  const { mappings, cdiNames } = parseDevices(flags.device);
  const variables = withProxies(
    flags.env.map((one) => resolveEnv(one, input)),
    input,
  );
  const environment = await withFiles(flags["env-file"], variables, input, (key) => own(input.env, key));
  const labels = await withFiles(flags["label-file"], flags.label, input);
  checkNamespaces(flags);
  const restart = parseRestartPolicy(flags.restart);
  if (flags["log-driver"] === "none" && flags["log-opt"].length > 0)
    throw new Error("invalid logging opts for driver none");
  const security = await parseSecurityOptions(flags["security-opt"], cwd);
  const storage = storageOptions(flags["storage-opt"]);
  checkHealth(flags);
  if (flags.rm && restart.Name !== "" && restart.Name !== "no")
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  const cdi = { Driver: "cdi", Count: 0, DeviceIDs: cdiNames, Capabilities: null, Options: null };
  const deviceRequests = [...flags.gpus, ...(cdiNames.length > 0 ? [cdi] : [])];
  return {
    binds,
    volumes,
    ports,
    environment,
    labels,
    restart,
    security,
    storage,
    devices: mappings,
    deviceRequests,
  };
}

/** What is made of several flags, or means something else where it was not given. */
function ownConfig(
  { flags, changed, image, command }: CreateInput,
  { volumes, ports, environment, labels }: Parts,
): ContainerConfig {
  const attachStdin = flags.attach.includes("stdin") || flags.interactive;
  const attachAll = flags.attach.length === 0;
  return {
    AttachStdin: attachStdin,
    AttachStdout: attachAll || flags.attach.includes("stdout"),
    AttachStderr: attachAll || flags.attach.includes("stderr"),
    ...(Object.keys(ports.exposed).length > 0 && { ExposedPorts: ports.exposed }),
    StdinOnce: flags.interactive && attachStdin,
    Env: orNull(environment),
    Cmd: orNull(command),
    Image: image,
    Volumes: volumes,
    Entrypoint: changed.has("entrypoint") ? [flags.entrypoint] : null,
    OnBuild: null,
    Labels: keyValues(labels),
    ...(changed.has("stop-timeout") && { StopTimeout: flags["stop-timeout"] }),
  };
}

function ownHostConfig(
  { flags, cwd }: CreateInput,
  { binds, ports, restart, security, storage, devices, deviceRequests }: Parts,
): HostConfig {
  return {
    Binds: orNull(binds),
    LogConfig: { Type: flags["log-driver"], Config: keyValues(flags["log-opt"]) },
    NetworkMode: flags.network[0]?.target ?? "default",
    PortBindings: ports.bindings,
    RestartPolicy: restart,
    ConsoleSize: [0, 0],
    Cgroup: "",
    SecurityOpt: security.options,
    ...(Object.keys(storage).length > 0 && { StorageOpt: storage }),
    ...(flags.tmpfs.length > 0 && { Tmpfs: parseTmpfs(flags.tmpfs) }),
    Devices: devices,
    DeviceRequests: orNull(deviceRequests),
    ...(flags.mount.length > 0 && { Mounts: flags.mount.map((mount) => resolveMount(mount, cwd)) }),
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
  };
}

function checkNamespaces({ pid, uts, userns, cgroupns }: ContainerFlags): void {
  if (pid !== "" && pid !== "host" && !/^container:./.test(pid)) throw new Error("--pid: invalid PID mode");
  if (uts !== "" && uts !== "host") throw new Error("--uts: invalid UTS mode");
  if (userns !== "" && userns !== "host") throw new Error("--userns: invalid USER mode");
  if (!["", "private", "host"].includes(cgroupns)) throw new Error("--cgroupns: invalid CGROUP mode");
}

function storageOptions(options: readonly string[]): NonNullable<HostConfig["StorageOpt"]> {
  for (const option of options) if (!cut(option, "=")[2]) throw new Error("invalid storage option");
  return keyValues(options);
}
