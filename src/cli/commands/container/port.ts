import { inspectContainer } from "../../../client/containers.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  args: rangeArgs(1, 2),
  flags: {},
  async run(deps, [container = "", wanted]) {
    const { NetworkSettings } = await inspectContainer(await deps.client(), container);
    const ports = NetworkSettings?.Ports ?? {};
    const address = ({ HostIp, HostPort }: { HostIp?: string | null; HostPort?: string | null }) =>
      `${HostIp?.includes(":") ? `[${HostIp}]` : (HostIp ?? "")}:${HostPort ?? ""}`;
    let lines: string[];
    if (wanted === undefined) {
      lines = Object.entries(ports).flatMap(([port, bindings]) =>
        (bindings ?? []).map((binding) => `${port} -> ${address(binding)}`),
      );
    } else {
      const [port = "", protocol = "tcp"] = wanted.split("/", 2);
      const wrong = !/^\d+$/.test(port) ? "invalid syntax" : Number(port) > 65535 ? "value out of range" : undefined;
      if (wrong)
        throw new CliError(
          `Error: invalid port (${port}): strconv.ParseUint: parsing ${JSON.stringify(port)}: ${wrong}`,
        );
      const bindings = ports[`${Number(port)}/${protocol.toLowerCase() || "tcp"}`] ?? [];
      if (bindings.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${container}`);
      lines = bindings.map(address);
    }
    for (const line of lines.sort(naturalOrder)) deps.out.write(`${line}\n`);
  },
});
