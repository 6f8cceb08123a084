import { errorMessage } from "../../lib/errors.ts";
import { run } from "../../lib/run.ts";
import { findProgram } from "../runtimes.ts";
import { type Check, verdict } from "./check.ts";
import { text } from "./kernel.ts";

const group = "network";

/** Everything the engine's own ruleset uses, in small. */
const ruleset = `table inet berth_probe {
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain prerouting { type nat hook prerouting priority dstnat; }
  chain postrouting { type nat hook postrouting priority srcnat; oifname != "lo" masquerade; }
  chain forward { type filter hook forward priority filter; ct state established,related accept; }
}`;

/** Forwarding and the packet filter. */
export async function checkNetwork(): Promise<Check[]> {
  const nft = findProgram("nft");
  const filter = nft
    ? await run([nft, "-c", "-f", "-"], { input: ruleset }).then(
        ({ exitCode, stderr }) => (exitCode === 0 ? "" : stderr.trim()),
        errorMessage,
      )
    : "nft is not installed";
  const forwards = text("/proc/sys/net/ipv4/ip_forward") === "1";
  const v6 = text("/proc/sys/net/ipv6/conf/all/disable_ipv6") === "0";
  return [
    verdict(
      group,
      "nftables in the kernel",
      filter === "",
      filter === "" ? "nat, maps, masquerade, connection tracking" : (filter.split("\n")[0] ?? ""),
      {
        state: "lack",
        advice:
          "Containers on bridges cannot reach out, nor be reached by published ports. Use a kernel with " +
          "CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ and CONFIG_NF_CONNTRACK; `--network host` and " +
          "`none` work without.",
      },
    ),
    {
      group,
      name: "IPv4 forwarding",
      state: "ok",
      found: forwards ? "on" : "off; the daemon turns it on unless told --ip-forward=false",
    },
    verdict(group, "IPv6", v6, v6 ? "yes" : "disabled", {
      state: "lack",
      advice: "Ports are published on IPv4 only. Enable it: `sysctl net.ipv6.conf.all.disable_ipv6=0`.",
    }),
  ];
}
