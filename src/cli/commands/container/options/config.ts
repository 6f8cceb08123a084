/** From flags and arguments to the body of `POST /containers/create`. */
import type { CreateBody } from "../../../../client/containers.ts";
import type { HostConfig, Resources } from "../../../../api/types/container.ts";
import type { ConfigFile } from "../../../config/file.ts";
import { isMac } from "./address.ts";
import { cut, keyValues } from "./csv.ts";
import { parseDevices } from "./devices.ts";
import type { ContainerFlags } from "./flags.ts";
import { parseHealth } from "./health.ts";
import { resolveEnv, withFiles, type Surroundings } from "./key-values.ts";
import { mergeUlimits, parseRestartPolicy } from "./limits.ts";
import { resolveMount } from "./mount.ts";
import { parseEndpoints } from "./network.ts";
import { parsePorts } from "./ports.ts";
import { withProxies } from "./proxy.ts";
import { normalCapabilities, parseSecurityOptions } from "./security.ts";
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

/**
 * The request body, every field set as docker's own client sets it (so that recorded bodies can be compared).
 * Reads the files that flags name. Throws Error with docker's texts on what cannot be.
 */
export async function createBody(input: CreateInput): Promise<CreateBody> {
  const { flags, changed, image, command, cwd } = input;
  if (flags["mac-address"] !== "" && !isMac(flags["mac-address"].trim())) throw new Error(`${flags["mac-address"]} is not a valid mac address`);
  const swappiness = flags["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100) throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  const { binds, volumes } = parseVolumes(flags.volume, cwd);
  const ports = parsePorts(flags.publish, flags.expose);
  const { mappings, cdiNames } = parseDevices(flags.device);
  const environment = await withFiles(flags["env-file"], withProxies(flags.env.map((one) => resolveEnv(one, input)), input), input, (key) => input.env[key]);
  const labels = await withFiles(flags["label-file"], flags.label, input);
  checkNamespaces(flags);
  const restart = parseRestartPolicy(flags.restart);
  if (flags["log-driver"] === "none" && flags["log-opt"].length > 0) throw new Error("invalid logging opts for driver none");
  const security = await parseSecurityOptions(flags["security-opt"], cwd);
  const storage = storageOptions(flags["storage-opt"]);
  const health = parseHealth(flags);
  if (flags.rm && restart.Name !== "" && restart.Name !== "no") throw new Error("conflicting options: cannot specify both --restart and --rm");
  const attachStdin = flags.attach.includes("stdin") || flags.interactive;
  const attachAll = flags.attach.length === 0;
  const endpoints = parseEndpoints(flags.network, {
    aliases: flags["network-alias"], links: flags.link, ipv4: flags.ip, ipv6: flags.ip6, linkLocal: flags["link-local-ip"], mac: flags["mac-address"],
  });
  const deviceRequests = [...flags.gpus, ...(cdiNames.length > 0 ? [{ Driver: "cdi", Count: 0, DeviceIDs: cdiNames, Capabilities: null, Options: null }] : [])];

  return {
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: attachStdin,
    AttachStdout: attachAll || flags.attach.includes("stdout"),
    AttachStderr: attachAll || flags.attach.includes("stderr"),
    ...(Object.keys(ports.exposed).length > 0 && { ExposedPorts: ports.exposed }),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attachStdin,
    Env: orNull(environment),
    Cmd: orNull(command),
    ...(health && { Healthcheck: health }),
    Image: image,
    Volumes: volumes,
    WorkingDir: flags.workdir,
    Entrypoint: changed.has("entrypoint") ? [flags.entrypoint] : null,
    OnBuild: null,
    Labels: keyValues(labels),
    ...(flags["stop-signal"] !== "" && { StopSignal: flags["stop-signal"] }),
    ...(changed.has("stop-timeout") && { StopTimeout: flags["stop-timeout"] }),
    HostConfig: {
      Binds: orNull(binds),
      ContainerIDFile: flags.cidfile,
      LogConfig: { Type: flags["log-driver"], Config: keyValues(flags["log-opt"]) },
      NetworkMode: flags.network[0]?.target ?? "default",
      PortBindings: ports.bindings,
      RestartPolicy: restart,
      AutoRemove: flags.rm,
      VolumeDriver: flags["volume-driver"],
      VolumesFrom: orNull(flags["volumes-from"]),
      ConsoleSize: [0, 0],
      ...(Object.keys(flags.annotation).length > 0 && { Annotations: { ...flags.annotation } }),
      CapAdd: normalCapabilities(flags["cap-add"]),
      CapDrop: normalCapabilities(flags["cap-drop"]),
      CgroupnsMode: flags.cgroupns,
      Dns: [...flags.dns],
      DnsOptions: [...flags["dns-option"]],
      DnsSearch: [...flags["dns-search"]],
      ExtraHosts: orNull(flags["add-host"]),
      GroupAdd: orNull(flags["group-add"]),
      IpcMode: flags.ipc,
      Cgroup: "",
      Links: orNull(flags.link),
      OomScoreAdj: flags["oom-score-adj"],
      PidMode: flags.pid,
      Privileged: flags.privileged,
      PublishAllPorts: flags["publish-all"],
      ReadonlyRootfs: flags["read-only"],
      SecurityOpt: security.options,
      ...(Object.keys(storage).length > 0 && { StorageOpt: storage }),
      ...(flags.tmpfs.length > 0 && { Tmpfs: parseTmpfs(flags.tmpfs) }),
      UTSMode: flags.uts,
      UsernsMode: flags.userns,
      ShmSize: flags["shm-size"],
      ...(Object.keys(flags.sysctl).length > 0 && { Sysctls: { ...flags.sysctl } }),
      ...(flags.runtime !== "" && { Runtime: flags.runtime }),
      Isolation: flags.isolation,
      ...resources(flags, mappings, deviceRequests),
      ...(flags.init !== null && { Init: flags.init }),
      ...(flags.mount.length > 0 && { Mounts: flags.mount.map((mount) => resolveMount(mount, cwd)) }),
      MaskedPaths: security.maskedPaths,
      ReadonlyPaths: security.readonlyPaths,
    },
    NetworkingConfig: { EndpointsConfig: endpoints },
  };
}

function resources(flags: ContainerFlags, devices: NonNullable<Resources["Devices"]>, requests: NonNullable<Resources["DeviceRequests"]>): Resources {
  return {
    CpuShares: flags["cpu-shares"],
    Memory: flags.memory,
    NanoCpus: flags.cpus ?? 0,
    CgroupParent: flags["cgroup-parent"],
    BlkioWeight: flags["blkio-weight"],
    BlkioWeightDevice: [...flags["blkio-weight-device"]],
    BlkioDeviceReadBps: [...flags["device-read-bps"]],
    BlkioDeviceWriteBps: [...flags["device-write-bps"]],
    BlkioDeviceReadIOps: [...flags["device-read-iops"]],
    BlkioDeviceWriteIOps: [...flags["device-write-iops"]],
    CpuPeriod: flags["cpu-period"],
    CpuQuota: flags["cpu-quota"],
    CpuRealtimePeriod: flags["cpu-rt-period"],
    CpuRealtimeRuntime: flags["cpu-rt-runtime"],
    CpusetCpus: flags["cpuset-cpus"],
    CpusetMems: flags["cpuset-mems"],
    Devices: devices,
    DeviceCgroupRules: orNull(flags["device-cgroup-rule"]),
    DeviceRequests: orNull(requests),
    MemoryReservation: flags["memory-reservation"],
    MemorySwap: flags["memory-swap"] ?? 0,
    MemorySwappiness: flags["memory-swappiness"],
    OomKillDisable: flags["oom-kill-disable"],
    PidsLimit: flags["pids-limit"],
    Ulimits: mergeUlimits(flags.ulimit),
    CpuCount: flags["cpu-count"],
    CpuPercent: flags["cpu-percent"],
    IOMaximumIOps: flags["io-maxiops"],
    IOMaximumBandwidth: flags["io-maxbandwidth"],
  };
}

/** Go sends an empty list that was never made as null; so do we. */
function orNull<T>(values: readonly T[]): T[] | null {
  return values.length > 0 ? [...values] : null;
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
