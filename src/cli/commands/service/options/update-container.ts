/** What `service update` makes of how a service's containers are. */
import type { Client } from "../../../../client/client.ts";
import { cut } from "../../container/options/csv.ts";
import { parseDevices } from "../../container/options/devices.ts";
import { mergeUlimits } from "../../container/options/limits.ts";
import { resolveMount } from "../../container/options/mount.ts";
import { capabilities } from "./capabilities.ts";
import { privileges } from "./create-spec.ts";
import { healthCheck } from "./health.ts";
import { type ContainerSpec, hostsLine } from "./parse.ts";
import { configReferences, secretReferences } from "./resolve.ts";
import type { UpdateFlags } from "./update-flags.ts";
import { pairs, set, type UpdateInput, updatedMounts } from "./update-parts.ts";

export async function updatedContainer(
  client: Client,
  before: ContainerSpec,
  { flags, changed, cwd }: UpdateInput,
): Promise<ContainerSpec> {
  const after: ContainerSpec = { ...before };
  const list = <T>(values: readonly T[]): T[] | undefined => (values.length > 0 ? [...values] : undefined);
  setPlain(after, flags, changed);
  if (changed.has("entrypoint")) set(after, "Command", list(flags.entrypoint ?? []));
  if (changed.has("args")) set(after, "Args", list(flags.args ?? []));
  set(after, "Labels", pairs(before.Labels, flags["container-label-add"], flags["container-label-rm"]));
  set(after, "Sysctls", pairs(before.Sysctls, flags["sysctl-add"], flags["sysctl-rm"]));
  if (changed.has("env-add") || changed.has("env-rm")) set(after, "Env", list(environment(before.Env ?? [], flags)));
  if (changed.has("group-add") || changed.has("group-rm")) {
    const groups = [...(before.Groups ?? []), ...flags["group-add"]];
    set(after, "Groups", list(groups.filter((group) => !flags["group-rm"].includes(group)).sort()));
  }
  const added = flags["mount-add"].map((mount) => resolveMount(mount, cwd));
  set(after, "Mounts", list(updatedMounts(before.Mounts ?? [], added, flags["mount-rm"])));
  if (changed.has("host-add") || changed.has("host-rm")) set(after, "Hosts", list(hosts(before.Hosts ?? [], flags)));
  if ([...changed].some((name) => name.startsWith("dns-"))) after.DNSConfig = dns(before.DNSConfig, flags);
  set(after, "Healthcheck", healthCheck(flags, changed, before.Healthcheck));
  if (changed.has("cap-add") || changed.has("cap-drop")) {
    delete after.CapabilityAdd;
    delete after.CapabilityDrop;
    Object.assign(after, capabilities(flags["cap-add"], flags["cap-drop"], before));
  }
  if (changed.has("ulimit-add") || changed.has("ulimit-rm")) set(after, "Ulimits", list(ulimits(before, flags)));
  if (changed.has("device-add") || changed.has("device-rm")) {
    const mappings = parseDevices(flags["device-add"]).mappings;
    const replaced = new Set([...mappings.map(({ PathInContainer }) => PathInContainer), ...flags["device-rm"]]);
    const kept = (before.Devices ?? []).filter(({ PathInContainer }) => !replaced.has(PathInContainer));
    set(after, "Devices", list([...kept, ...mappings]));
  }
  await updateFiles(client, after, flags, changed);
  return after;
}

/** Flags whose value is a field as it is. */
function setPlain(spec: ContainerSpec, flags: UpdateFlags, changed: ReadonlySet<string>): void {
  if (changed.has("hostname")) set(spec, "Hostname", flags.hostname || undefined);
  if (changed.has("workdir")) set(spec, "Dir", flags.workdir || undefined);
  if (changed.has("user")) set(spec, "User", flags.user || undefined);
  if (changed.has("stop-signal")) set(spec, "StopSignal", flags["stop-signal"] || undefined);
  if (changed.has("tty")) set(spec, "TTY", flags.tty || undefined);
  if (changed.has("read-only")) set(spec, "ReadOnly", flags["read-only"] || undefined);
  if (changed.has("privileged")) set(spec, "Privileged", flags.privileged || undefined);
  if (changed.has("init")) spec.Init = flags.init;
  if (changed.has("isolation")) spec.Isolation = flags.isolation as "default";
  if (changed.has("oom-score-adj")) spec.OomScoreAdj = flags["oom-score-adj"];
  if (flags["stop-grace-period"] !== null) spec.StopGracePeriod = flags["stop-grace-period"];
}

function environment(before: readonly string[], flags: UpdateFlags): string[] {
  const byName = new Map(before.map((variable) => [cut(variable, "=")[0], variable]));
  for (const variable of flags["env-add"]) byName.set(cut(variable, "=")[0], variable);
  for (const name of flags["env-rm"]) byName.delete(name);
  return [...byName.values()];
}

function hosts(before: readonly string[], flags: UpdateFlags): string[] {
  const all = [...new Set([...before, ...flags["host-add"].map(hostsLine)])];
  const removed = flags["host-rm"].map((text) => cut(text, ":"));
  return all.flatMap((line) => {
    const [address = "", ...names] = line.split(/\s+/);
    const kept = names.filter((name) => !removed.some(([host, ip]) => host === name && (ip === "" || ip === address)));
    return kept.length > 0 ? [`${address} ${kept.join(" ")}`] : [];
  });
}

function dns(before: ContainerSpec["DNSConfig"], flags: UpdateFlags): NonNullable<ContainerSpec["DNSConfig"]> {
  const values = (had: readonly string[] = [], added: readonly string[], removed: readonly string[]) =>
    [...new Set([...had, ...added])].filter((value) => !removed.includes(value)).sort();
  const after: NonNullable<ContainerSpec["DNSConfig"]> = {};
  const servers = values(before?.Nameservers, flags["dns-add"], flags["dns-rm"]);
  const search = values(before?.Search, flags["dns-search-add"], flags["dns-search-rm"]);
  const options = values(before?.Options, flags["dns-option-add"], flags["dns-option-rm"]);
  if (servers.length > 0) after.Nameservers = servers;
  if (search.length > 0) after.Search = search;
  if (options.length > 0) after.Options = options;
  return after;
}

function ulimits({ Ulimits = [] }: ContainerSpec, flags: UpdateFlags) {
  const before = Ulimits.map(({ Name = "", Hard = 0, Soft = 0 }) => ({ Name, Hard, Soft }));
  return mergeUlimits([...before, ...flags["ulimit-add"]]).filter(({ Name }) => !flags["ulimit-rm"].includes(Name));
}

async function updateFiles(
  client: Client,
  spec: ContainerSpec,
  flags: UpdateFlags,
  changed: ReadonlySet<string>,
): Promise<void> {
  if (changed.has("secret-add") || changed.has("secret-rm")) {
    const kept = (spec.Secrets ?? []).filter(({ SecretName = "" }) => !flags["secret-rm"].includes(SecretName));
    const secrets = [...kept, ...(await secretReferences(client, flags["secret-add"]))];
    set(spec, "Secrets", secrets.length > 0 ? secrets : undefined);
  }
  const credential = changed.has("credential-spec") ? flags["credential-spec"] : null;
  if (!credential && !changed.has("config-add") && !changed.has("config-rm")) return;
  const kept = (spec.Configs ?? []).filter(
    ({ ConfigName = "", Runtime }) => !flags["config-rm"].includes(ConfigName) && !(credential && Runtime),
  );
  const configs = [...kept, ...(await configReferences(client, flags["config-add"], credential?.Config))];
  set(spec, "Configs", configs.length > 0 ? configs : undefined);
  if (!credential) return;
  const id = configs.find(({ Runtime }) => Runtime)?.ConfigID ?? "";
  spec.Privileges = { ...privileges({ ...credential, Config: id }), ...spec.Privileges };
  spec.Privileges.CredentialSpec = { ...credential, Config: id };
}
