import { inspectContainer } from "../../../client/containers.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  args: rangeArgs(1, 2),
  flags: {},
  async run(ctx, [container = "", wanted]) {
    const { NetworkSettings } = await inspectContainer(await ctx.client(), container);
    const ports = NetworkSettings?.Ports ?? {};
    const address = ({ HostIp, HostPort }: { HostIp?: string | null; HostPort?: string | null }) =>
      `${HostIp?.includes(":") ? `[${HostIp}]` : HostIp ?? ""}:${HostPort ?? ""}`;
    let lines: string[];
    if (wanted === undefined) {
      lines = Object.entries(ports).flatMap(([port, bindings]) => (bindings ?? []).map((binding) => `${port} -> ${address(binding)}`));
    } else {
      const match = /^(\d+)(?:\/(tcp|udp|sctp))?$/i.exec(wanted);
      if (!match || Number(match[1]) > 65535) throw new CliError(`invalid port (${wanted}): strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`);
      const bindings = ports[`${match[1]}/${match[2]?.toLowerCase() ?? "tcp"}`] ?? [];
      if (bindings.length === 0) throw new CliError(`no public port '${wanted}' published for ${container}`);
      lines = bindings.map(address);
    }
    for (const line of lines.sort(naturalOrder)) ctx.out.write(`${line}\n`);
  },
});
