import type { Network } from "../../../api/types/network.ts";
import { listNetworks } from "../../../client/networks.ts";
import { shortId } from "../../../lib/ids.ts";
import { own } from "../../../lib/own.ts";
import { GoTime } from "../../../lib/template/time.ts";
import { Row } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { naturalOrder } from "../../natural-order.ts";

const titles = {
  ID: "NETWORK ID",
  Name: "NAME",
  Driver: "DRIVER",
  Scope: "SCOPE",
  IPv4: "IPV4",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  Labels: "LABELS",
  CreatedAt: "CREATED AT",
};

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("driver=bridge")'),
    format: string(formatHelp),
    "no-trunc": bool("Print values at full length"),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const networks = await listNetworks(await deps.client(), flags.filter);
    const source = flags.format || (!flags.quiet && (await deps.config()).networksFormat) || "table";
    networks.sort((a, b) => naturalOrder(a.Name ?? "", b.Name ?? ""));
    deps.out.write(
      await printRows(
        networkFormat(source, flags.quiet),
        titles,
        networks.map((network) => networkRow(network, flags["no-trunc"])),
      ),
    );
  },
});

function networkFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
  if (source === "raw")
    return quiet
      ? "network_id: {{.ID}}"
      : "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n";
  return source;
}

function networkRow(network: Network, noTrunc: boolean): Row {
  const { Id = "", Labels, Created = "" } = network;
  return new Row("*network.networkContext", {
    ID: () => (noTrunc ? Id : shortId(Id)),
    Name: () => network.Name ?? "",
    Driver: () => network.Driver ?? "",
    Scope: () => network.Scope ?? "",
    IPv4: () => String(network.EnableIPv4 ?? false),
    IPv6: () => String(network.EnableIPv6 ?? false),
    Internal: () => String(network.Internal ?? false),
    Labels: () =>
      Object.entries(Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(","),
    Label: (name: string) => own(Labels, name) ?? "",
    CreatedAt: () => (GoTime.parse(Created) ?? GoTime.zero).toString(),
  });
}
