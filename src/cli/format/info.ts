import { isObject } from "../../lib/template/value.ts";
import { bytesSize, humanDuration } from "./units.ts";

type Json = Readonly<Record<string, unknown>>;

const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

/** The server part of `info`, as Docker lays it out. */
export function infoText(info: Json, { debug, userName }: { debug: boolean; userName: string }): string {
  const lines: string[] = [];
  const add = (label: string, value: unknown) => lines.push(` ${label} ${text(value)}`);
  const addIf = (label: string, value: unknown) => {
    if (text(value) !== "") add(label, value);
  };
  const flag = (value: unknown) => value === true;
  add("Containers:", info["Containers"] ?? 0);
  add(" Running:", info["ContainersRunning"] ?? 0);
  add(" Paused:", info["ContainersPaused"] ?? 0);
  add(" Stopped:", info["ContainersStopped"] ?? 0);
  add("Images:", info["Images"] ?? 0);
  addIf("Server Version:", info["ServerVersion"]);
  addIf("Storage Driver:", info["Driver"]);
  for (const pair of list(info["DriverStatus"])) lines.push(`  ${text(list(pair)[0])}: ${text(list(pair)[1])}`);
  addIf("Logging Driver:", info["LoggingDriver"]);
  addIf("Cgroup Driver:", info["CgroupDriver"]);
  addIf("Cgroup Version:", info["CgroupVersion"]);
  const plugins = object(info["Plugins"]);
  lines.push(" Plugins:");
  add(" Volume:", list(plugins["Volume"]).join(" "));
  add(" Network:", list(plugins["Network"]).join(" "));
  if (list(plugins["Authorization"]).length > 0) add(" Authorization:", list(plugins["Authorization"]).join(" "));
  add(" Log:", list(plugins["Log"]).join(" "));
  section(lines, "CDI spec directories:", list(info["CDISpecDirs"]).map(text));
  section(
    lines,
    "Discovered Devices:",
    list(info["DiscoveredDevices"]).map((device) => `${text(object(device)["Source"])}: ${text(object(device)["ID"])}`),
  );
  swarm(lines, object(info["Swarm"]));
  const runtimes = Object.keys(object(info["Runtimes"]));
  if (runtimes.length > 0) {
    add("Runtimes:", runtimes.join(" "));
    add("Default Runtime:", info["DefaultRuntime"]);
  }
  if (info["OSType"] === "linux") linux(lines, info);
  addIf("Kernel Version:", info["KernelVersion"]);
  addIf("Operating System:", info["OperatingSystem"]);
  addIf("OSType:", info["OSType"]);
  addIf("Architecture:", info["Architecture"]);
  add("CPUs:", info["NCPU"] ?? 0);
  add("Total Memory:", bytesSize(Number(info["MemTotal"] ?? 0)));
  addIf("Name:", info["Name"]);
  addIf("ID:", info["ID"]);
  add("Docker Root Dir:", info["DockerRootDir"]);
  add("Debug Mode:", flag(info["Debug"]));
  if (flag(info["Debug"]) || debug) {
    add(" File Descriptors:", info["NFd"] ?? 0);
    add(" Goroutines:", info["NGoroutines"] ?? 0);
    add(" System Time:", info["SystemTime"]);
    add(" EventsListeners:", info["NEventsListener"] ?? 0);
  }
  addIf("HTTP Proxy:", info["HttpProxy"]);
  addIf("HTTPS Proxy:", info["HttpsProxy"]);
  addIf("No Proxy:", info["NoProxy"]);
  addIf("Username:", userName);
  section(lines, "Labels:", list(info["Labels"]).map(text));
  add("Experimental:", flag(info["ExperimentalBuild"]));
  registries(lines, info["RegistryConfig"]);
  add("Live Restore Enabled:", flag(info["LiveRestoreEnabled"]));
  addIf("Product License:", info["ProductLicense"]);
  section(
    lines,
    "Default Address Pools:",
    list(info["DefaultAddressPools"]).map(
      (pool) => ` Base: ${text(object(pool)["Base"])}, Size: ${text(object(pool)["Size"])}`,
    ),
  );
  const firewall = object(info["FirewallBackend"]);
  if (text(firewall["Driver"]) !== "") {
    add("Firewall Backend:", firewall["Driver"]);
    for (const pair of list(firewall["Info"])) lines.push(`  ${text(list(pair)[0])}: ${text(list(pair)[1])}`);
  }
  return `${lines.join("\n")}\n\n`;
}

function section(lines: string[], title: string, items: readonly string[]) {
  if (items.length > 0) lines.push(` ${title}`, ...items.map((item) => `  ${item}`));
}

function linux(lines: string[], info: Json) {
  const commit = (key: string) => text(object(info[key])["ID"]);
  lines.push(
    ` Init Binary: ${text(info["InitBinary"])}`,
    ` containerd version: ${commit("ContainerdCommit")}`,
    ` runc version: ${commit("RuncCommit")}`,
    ` init version: ${commit("InitCommit")}`,
  );
  const options = list(info["SecurityOptions"]).map(text);
  if (options.length === 0) return;
  lines.push(" Security Options:");
  for (const option of options) {
    // `name=seccomp,profile=builtin`; very old engines send the bare name.
    const pairs = option.split(",").map((pair) => (pair.includes("=") ? pair.split("=") : ["name", pair]));
    const value = (key: string) =>
      pairs
        .find(([name]) => name === key)
        ?.slice(1)
        .join("=");
    lines.push(`  ${value("name") ?? ""}`);
    const profile = value("profile");
    if (profile !== undefined) lines.push(`   Profile: ${profile}`);
  }
}

function registries(lines: string[], value: unknown) {
  const config = object(value);
  const indexes = Object.values(object(config["IndexConfigs"])).map(object);
  const cidrs = list(config["InsecureRegistryCIDRs"]).map(text);
  if (cidrs.length > 0 || indexes.length > 0) {
    lines.push(" Insecure Registries:");
    for (const index of indexes) if (index["Secure"] !== true) lines.push(`  ${text(index["Name"])}`);
    for (const cidr of cidrs) lines.push(`  ${cidr}`);
  }
  section(lines, "Registry Mirrors:", list(config["Mirrors"]).map(text));
}

function swarm(lines: string[], state: Json) {
  const local = text(state["LocalNodeState"]);
  lines.push(` Swarm: ${local}`);
  if (local === "inactive" || local === "locked" || local === "") return;
  const add = (label: string, value: unknown, depth = 2) => lines.push(`${" ".repeat(depth)}${label} ${text(value)}`);
  add("NodeID:", state["NodeID"]);
  if (text(state["Error"]) !== "") add("Error:", state["Error"]);
  add("Is Manager:", state["ControlAvailable"] === true);
  const cluster = object(state["Cluster"]);
  if (
    isObject(state["Cluster"]) &&
    state["ControlAvailable"] === true &&
    text(state["Error"]) === "" &&
    local !== "error"
  ) {
    const spec = object(cluster["Spec"]);
    const part = (name: string) => object(spec[name]);
    const period = (nanos: unknown) => humanDuration(Number(nanos ?? 0) / 1e6);
    add("ClusterID:", cluster["ID"]);
    add("Managers:", state["Managers"] ?? 0);
    add("Nodes:", state["Nodes"] ?? 0);
    if (Array.isArray(cluster["DefaultAddrPool"])) {
      add("Default Address Pool:", cluster["DefaultAddrPool"].map((pool) => `${text(pool)}  `).join(""));
      add("SubnetSize:", cluster["SubnetSize"] ?? 0);
    }
    if (Number(cluster["DataPathPort"] ?? 0) > 0) add("Data Path Port:", cluster["DataPathPort"]);
    lines.push("  Orchestration:");
    add("Task History Retention Limit:", part("Orchestration")["TaskHistoryRetentionLimit"] ?? 0, 3);
    lines.push("  Raft:");
    const raft = part("Raft");
    add("Snapshot Interval:", raft["SnapshotInterval"] ?? 0, 3);
    if (raft["KeepOldSnapshots"] !== undefined && raft["KeepOldSnapshots"] !== null)
      add("Number of Old Snapshots to Retain:", raft["KeepOldSnapshots"], 3);
    add("Heartbeat Tick:", raft["HeartbeatTick"] ?? 0, 3);
    add("Election Tick:", raft["ElectionTick"] ?? 0, 3);
    lines.push("  Dispatcher:");
    add("Heartbeat Period:", period(part("Dispatcher")["HeartbeatPeriod"]), 3);
    lines.push("  CA Configuration:");
    const ca = part("CAConfig");
    add("Expiry Duration:", period(ca["NodeCertExpiry"]), 3);
    add("Force Rotate:", ca["ForceRotate"] ?? 0, 3);
    if (text(ca["SigningCACert"]).trim() !== "")
      lines.push(`   Signing CA Certificate: \n${text(ca["SigningCACert"]).trim()}\n`);
    if (list(ca["ExternalCAs"]).length > 0) {
      lines.push("   External CAs:");
      for (const entry of list(ca["ExternalCAs"]))
        lines.push(`     ${text(object(entry)["Protocol"])}: ${text(object(entry)["URL"])}`);
    }
    add("Autolock Managers:", part("EncryptionConfig")["AutoLockManagers"] === true);
    add("Root Rotation In Progress:", cluster["RootRotationInProgress"] === true);
  }
  add("Node Address:", state["NodeAddr"]);
  const managers = list(state["RemoteManagers"])
    .map((manager) => text(object(manager)["Addr"]))
    .sort();
  if (managers.length > 0) lines.push("  Manager Addresses:", ...managers.map((address) => `   ${address}`));
}
