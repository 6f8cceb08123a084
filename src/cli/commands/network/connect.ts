import { connectNetwork } from "../../../client/networks.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { int, list, string, stringSlice } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: exactArgs(2),
  flags: {
    alias: stringSlice("Further name of the container in this network"),
    "driver-opt": stringSlice("Option for the network's driver"),
    "gw-priority": int("The network with the highest priority gives the default gateway; may be negative"),
    ip: string('IPv4 address ("172.30.100.104")'),
    ip6: string('IPv6 address ("2001:db8::33")'),
    link: list("Link to another container", { parse: checkLink }),
    "link-local-ip": stringSlice("Link-local address for the container"),
  },
  async run(deps, [network = "", container = ""], flags) {
    await connectNetwork(await deps.client(), network, container, {
      IPAMConfig: { IPv4Address: flags.ip, IPv6Address: flags.ip6, LinkLocalIPs: [...flags["link-local-ip"]] },
      Links: flags.link.length > 0 ? [...flags.link] : null,
      Aliases: [...flags.alias],
      DriverOpts: driverOptions(flags["driver-opt"]),
      GwPriority: flags["gw-priority"],
    });
  },
});

/** `container[:alias]` */
function checkLink(text: string): string {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

function driverOptions(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      const key = pair.slice(0, Math.max(at, 0)).trim();
      if (key === "") throw new CliError("invalid key/value pair format in driver options");
      return [key, pair.slice(at + 1).trim()];
    }),
  );
}
