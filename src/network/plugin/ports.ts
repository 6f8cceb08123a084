import type { SandboxRecord } from "../record.ts";

const protocols: Record<string, number> = { tcp: 6, udp: 17, sctp: 132 };

/** The ports of a container in the words of libnetwork: those that it has, and those that it wants to be published. */
export function publishedOptions(sandbox: SandboxRecord): Record<string, unknown> {
  const exposed = sandbox.exposedPorts.map((text) => {
    const { port, proto } = portOf(text);
    return { Proto: proto, Port: port };
  });
  const map = Object.entries(sandbox.portBindings ?? {}).flatMap(([text, bindings]) => {
    const { port, proto } = portOf(text);
    return (bindings ?? []).map(({ HostIp, HostPort }) => {
      const [first = 0, last = first] = (HostPort ?? "").split("-").map(Number);
      return { Proto: proto, IP: "", Port: port, HostIP: HostIp ?? "", HostPort: first, HostPortEnd: last };
    });
  });
  return {
    "com.docker.network.endpoint.exposedports": exposed,
    "com.docker.network.portmap": map,
  };
}

function portOf(text: string): { port: number; proto: number } {
  const [port = "0", protocol = "tcp"] = text.split("/");
  return { port: Number(port), proto: protocols[protocol] ?? 0 };
}
