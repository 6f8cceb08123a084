/** How an option's text becomes a value, and what type its key has in the configuration file. */
export type OptionKind = "string" | "boolean" | "integer" | "bytes" | "list" | "map" | "ulimits" | "pools" | "runtimes" | "network-options" | "object";

export interface DaemonOption {
  /** Name in the configuration file, that of Docker's daemon.json. */
  key: string;
  /** Name on the command line; absent: only in the file. */
  flag?: string;
  short?: string;
  kind: OptionKind;
  /** Shown by `--help` after the name: `list`, `string`, … */
  type?: string;
  help: string;
  /** Shown by `--help`. */
  shown?: string;
  /**
   * What there is of it: absent, all. `ignored`: nothing, and nothing is missed, so a warning will do (unless it is
   * set to what Berth does anyway, `harmless`). `refused`: nothing, and going on without it would be wrong.
   */
  support?: "ignored" | "refused";
  harmless?: string;
}

/** Everything that `berth daemon` can be told, in the order of `--help`. */
export const daemonOptions: readonly DaemonOption[] = [
  { key: "runtimes", flag: "add-runtime", kind: "runtimes", type: "runtime", help: "Register an additional OCI compatible runtime (NAME=PATH)" },
  { key: "authorization-plugins", flag: "authorization-plugin", kind: "list", help: "Authorization plugins to load", support: "refused" },
  { key: "bip", flag: "bip", kind: "string", type: "cidr", help: "IPv4 address for the default bridge" },
  { key: "bridge", flag: "bridge", short: "b", kind: "string", help: 'Attach containers to a network bridge ("none" for no default network)', shown: "berth0" },
  { key: "cgroup-parent", flag: "cgroup-parent", kind: "string", help: "Set parent cgroup for all containers" },
  { key: "debug", flag: "debug", short: "D", kind: "boolean", help: "Enable debug mode" },
  { key: "default-address-pools", flag: "default-address-pool", kind: "pools", type: "pool-options", help: "Default address pools for node specific local networks (base=CIDR,size=BITS)" },
  { key: "default-cgroupns-mode", flag: "default-cgroupns-mode", kind: "string", help: 'Default mode for containers cgroup namespace ("host" | "private"; version 1 of cgroups: "host")', shown: "private" },
  { key: "default-gateway", flag: "default-gateway", kind: "string", type: "ip", help: "Default gateway IPv4 address for the default bridge network" },
  { key: "default-gateway-v6", flag: "default-gateway-v6", kind: "string", type: "ip", help: "Default gateway IPv6 address for the default bridge network" },
  { key: "default-ipc-mode", flag: "default-ipc-mode", kind: "string", help: 'Default mode for containers ipc ("shareable" | "private")', shown: "private" },
  { key: "default-network-opts", flag: "default-network-opt", kind: "network-options", type: "mapmap", help: "Default options of new networks (DRIVER=OPTION=VALUE)" },
  { key: "default-runtime", flag: "default-runtime", kind: "string", help: "Default OCI runtime for containers", shown: "crun where it can run, else runc" },
  { key: "default-shm-size", flag: "default-shm-size", kind: "bytes", help: "Default shm size for containers", shown: "64MiB" },
  { key: "default-stop-timeout", flag: "default-stop-timeout", kind: "integer", type: "int", help: "Default time (in seconds) to wait for containers to stop", shown: "10" },
  { key: "default-ulimits", flag: "default-ulimit", kind: "ulimits", type: "ulimit", help: "Default ulimits for containers" },
  { key: "dns", flag: "dns", kind: "list", help: "DNS server to use" },
  { key: "dns-opts", flag: "dns-opt", kind: "list", help: "DNS options to use" },
  { key: "dns-search", flag: "dns-search", kind: "list", help: "DNS search domains to use" },
  { key: "exec-opts", flag: "exec-opt", kind: "list", help: "Runtime execution options (native.cgroupdriver=cgroupfs|systemd)" },
  { key: "exec-root", flag: "exec-root", kind: "string", help: "Root directory for execution state files", shown: "/run/berth" },
  { key: "experimental", flag: "experimental", kind: "boolean", help: "Enable experimental features" },
  { key: "fixed-cidr", flag: "fixed-cidr", kind: "string", type: "cidr", help: "IPv4 subnet for the default bridge network" },
  { key: "fixed-cidr-v6", flag: "fixed-cidr-v6", kind: "string", type: "cidr", help: "IPv6 subnet for the default bridge network" },
  { key: "group", flag: "group", short: "G", kind: "string", help: "Group for the unix socket", shown: "berth, else docker, else root" },
  { key: "host-gateway-ips", flag: "host-gateway-ip", kind: "list", help: "IP addresses that the special 'host-gateway' string in --add-host resolves to" },
  { key: "hosts", flag: "host", short: "H", kind: "list", help: "Daemon socket(s) to listen on (unix://, tcp://, fd://)", shown: "unix:///run/berth/berth.sock" },
  { key: "http-proxy", flag: "http-proxy", kind: "string", help: "HTTP proxy URL to use for outgoing traffic" },
  { key: "https-proxy", flag: "https-proxy", kind: "string", help: "HTTPS proxy URL to use for outgoing traffic" },
  { key: "icc", flag: "icc", kind: "boolean", help: "Enable inter-container communication for the default bridge network", shown: "true" },
  { key: "init", flag: "init", kind: "boolean", help: "Run an init in the container to forward signals and reap processes" },
  { key: "init-path", flag: "init-path", kind: "string", help: "Path to the init binary", shown: "tini-static, tini or docker-init of the host" },
  { key: "insecure-registries", flag: "insecure-registry", kind: "list", help: "Enable insecure registry communication" },
  { key: "ip", flag: "ip", kind: "string", type: "ip", help: "Host IP for port publishing from the default bridge network", shown: "all addresses" },
  { key: "ip-forward", flag: "ip-forward", kind: "boolean", help: "Enable IP forwarding in system configuration", shown: "true" },
  { key: "ip-masq", flag: "ip-masq", kind: "boolean", help: "Enable IP masquerading for the default bridge network", shown: "true" },
  { key: "ip6tables", flag: "ip6tables", kind: "boolean", help: "Enable IPv6 firewall rules (always on)", support: "refused", harmless: "true" },
  { key: "iptables", flag: "iptables", kind: "boolean", help: "Enable firewall rules (always on, through nftables)", support: "refused", harmless: "true" },
  { key: "firewall-backend", flag: "firewall-backend", kind: "string", help: "Firewall backend to use (always nftables)", support: "ignored", harmless: "nftables" },
  { key: "ipv6", flag: "ipv6", kind: "boolean", help: "Enable IPv6 networking for the default bridge network" },
  { key: "labels", flag: "label", kind: "list", help: "Set key=value labels to the daemon" },
  { key: "live-restore", flag: "live-restore", kind: "boolean", help: "Keep containers running while the daemon is down (always on)", support: "ignored", harmless: "true" },
  { key: "log-driver", flag: "log-driver", kind: "string", help: "Default driver for container logs", shown: "local" },
  { key: "log-format", flag: "log-format", kind: "string", help: 'Set the logging format ("text"|"json")', shown: "text" },
  { key: "log-level", flag: "log-level", short: "l", kind: "string", help: 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', shown: "info" },
  { key: "log-opts", flag: "log-opt", kind: "map", help: "Default log driver options for containers" },
  { key: "max-concurrent-downloads", flag: "max-concurrent-downloads", kind: "integer", type: "int", help: "Set the max concurrent downloads", shown: "3" },
  { key: "max-concurrent-uploads", flag: "max-concurrent-uploads", kind: "integer", type: "int", help: "Set the max concurrent uploads", shown: "5" },
  { key: "max-download-attempts", flag: "max-download-attempts", kind: "integer", type: "int", help: "Set the max download attempts for each pull", shown: "5" },
  { key: "mtu", flag: "mtu", kind: "integer", type: "int", help: 'Set the MTU for the default "bridge" network', shown: "1500" },
  { key: "no-new-privileges", flag: "no-new-privileges", kind: "boolean", help: "Set no-new-privileges by default for new containers" },
  { key: "no-proxy", flag: "no-proxy", kind: "string", help: "Comma-separated list of hosts or IP addresses for which the proxy is skipped" },
  { key: "pidfile", flag: "pidfile", short: "p", kind: "string", help: "Path to use for daemon PID file", shown: "/run/berth/berth.pid" },
  { key: "raw-logs", flag: "raw-logs", kind: "boolean", help: "Full timestamps without ANSI coloring (always so)", support: "ignored", harmless: "true" },
  { key: "registries", kind: "object", help: "Settings by registry: mirrors, insecure, ca, auth, compression" },
  { key: "registry-mirrors", flag: "registry-mirror", kind: "list", help: "Preferred registry mirror of Docker Hub" },
  { key: "seccomp-profile", flag: "seccomp-profile", kind: "string", help: 'Path to seccomp profile; "unconfined" disables it', shown: "builtin" },
  { key: "selinux-enabled", flag: "selinux-enabled", kind: "boolean", help: "Enable selinux support", support: "refused", harmless: "false" },
  { key: "shutdown-timeout", flag: "shutdown-timeout", kind: "integer", type: "int", help: "Set the shutdown timeout in seconds", shown: "15" },
  { key: "storage-driver", flag: "storage-driver", short: "s", kind: "string", help: 'Storage driver to use ("overlay2"|"vfs")', shown: "overlay2 where the filesystem can" },
  { key: "storage-opts", flag: "storage-opt", kind: "list", help: "Storage driver options", support: "ignored" },
  { key: "data-root", flag: "data-root", kind: "string", help: "Root directory of persistent state", shown: "/var/lib/berth" },
  { key: "tls", flag: "tls", kind: "boolean", help: "Use TLS on tcp://; --tls=false allows plain text; implied by --tlsverify" },
  { key: "tlscacert", flag: "tlscacert", kind: "string", help: "Trust certs signed only by this CA", shown: "/etc/berth/ca.pem" },
  { key: "tlscert", flag: "tlscert", kind: "string", help: "Path to TLS certificate file", shown: "/etc/berth/cert.pem" },
  { key: "tlskey", flag: "tlskey", kind: "string", help: "Path to TLS key file", shown: "/etc/berth/key.pem" },
  { key: "tlsverify", flag: "tlsverify", kind: "boolean", help: "Use TLS and verify the remote" },
  { key: "userland-proxy", flag: "userland-proxy", kind: "boolean", help: "Use userland proxy for loopback traffic", support: "ignored" },
  { key: "userland-proxy-path", flag: "userland-proxy-path", kind: "string", help: "Path to the userland proxy binary", support: "ignored" },
  { key: "userns-remap", flag: "userns-remap", kind: "string", help: "User/Group setting for user namespaces", support: "refused", harmless: "" },
  { key: "conmon-path", flag: "conmon-path", kind: "string", help: "Path to the conmon binary" },
  { key: "docker-socket", flag: "docker-socket", kind: "boolean", help: "Listen on /var/run/docker.sock too" },
  { key: "shutdown-containers", flag: "shutdown-containers", kind: "boolean", help: "Stop all containers when the daemon ends" },
  // Only in the file.
  { key: "proxies", kind: "object", help: "http-proxy, https-proxy and no-proxy in one" },
  { key: "features", kind: "object", help: "Docker's switches between its builders and image stores", support: "ignored" },
  { key: "builder", kind: "object", help: "Garbage collection of the build cache" },
  { key: "allow-direct-routing", flag: "allow-direct-routing", kind: "boolean", help: "Allow remote access to published ports on container IP addresses", support: "ignored", harmless: "false" },
  { key: "allow-nondistributable-artifacts", flag: "allow-nondistributable-artifacts", kind: "list", help: "Push nondistributable artifacts to a registry", support: "ignored" },
  { key: "api-cors-header", flag: "api-cors-header", kind: "string", help: "CORS headers", support: "refused", harmless: "" },
  { key: "bridge-accept-fwmark", flag: "bridge-accept-fwmark", kind: "string", help: "Packets to accept by mark", support: "ignored" },
  { key: "cdi-spec-dirs", flag: "cdi-spec-dir", kind: "list", help: "Directories of CDI specifications", support: "ignored" },
  { key: "containerd", flag: "containerd", kind: "string", help: "containerd's socket", support: "ignored" },
  { key: "containerd-namespace", flag: "containerd-namespace", kind: "string", help: "containerd's namespace", support: "ignored" },
  { key: "containerd-plugins-namespace", flag: "containerd-plugins-namespace", kind: "string", help: "containerd's namespace for plugins", support: "ignored" },
  { key: "cpu-rt-period", flag: "cpu-rt-period", kind: "integer", help: "Limit the CPU real-time period", support: "ignored" },
  { key: "cpu-rt-runtime", flag: "cpu-rt-runtime", kind: "integer", help: "Limit the CPU real-time runtime", support: "ignored" },
  { key: "cri-containerd", flag: "cri-containerd", kind: "boolean", help: "Start containerd with CRI", support: "ignored" },
  { key: "metrics-addr", flag: "metrics-addr", kind: "string", help: "Address of the metrics endpoint", support: "ignored", harmless: "" },
  { key: "min-api-version", flag: "min-api-version", kind: "string", help: "Oldest API version to serve", support: "ignored" },
  { key: "node-generic-resources", flag: "node-generic-resource", kind: "list", help: "Resources of a swarm's node", support: "ignored" },
  { key: "oom-score-adjust", flag: "oom-score-adjust", kind: "integer", help: "oom_score_adj of the daemon", support: "ignored" },
  { key: "network-control-plane-mtu", flag: "network-control-plane-mtu", kind: "integer", help: "MTU of the control plane of overlay networks", support: "ignored" },
  { key: "network-diagnostic-port", kind: "integer", help: "Port of the network diagnostic server", support: "ignored", harmless: "0" },
  { key: "ip-forward-no-drop", flag: "ip-forward-no-drop", kind: "boolean", help: "Leave the policy of the machine's own forwarding alone (always so)", support: "ignored", harmless: "true" },
  { key: "rootless", flag: "rootless", kind: "boolean", help: "Run without root", support: "refused", harmless: "false" },
  { key: "swarm-default-advertise-addr", flag: "swarm-default-advertise-addr", kind: "string", help: "Address of a swarm's node", support: "ignored", harmless: "" },
];

export const optionByFlag = new Map(daemonOptions.flatMap((option) => (option.flag ? [[option.flag, option] as const] : [])));
export const optionByShort = new Map(daemonOptions.flatMap((option) => (option.short ? [[option.short, option] as const] : [])));
export const optionByKey = new Map(daemonOptions.map((option) => [option.key, option] as const));
