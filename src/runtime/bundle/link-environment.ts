/** What one link of the default bridge tells a container's processes of the other container. */
export interface LinkedContainer {
  /** The link's whole name, `/parent/alias`. */
  name: string;
  /** The other one's address on the bridge. */
  address: string;
  /** The other one's `Config.Env`, image's included. */
  env: readonly string[];
  /** Keys of the other one's `Config.ExposedPorts`: `80/tcp`, or `80`, which is tcp. */
  exposedPorts: readonly string[];
}

interface Port {
  /** As written, which may be a range. */
  text: string;
  /** 0 for a range: it has no neighbours. */
  number: number;
  protocol: string;
}

/**
 * The variables, `ALIAS_PORT_80_TCP_ADDR=…` and so on, in Docker's order: the ports (a run of neighbouring ports also
 * gets variables `…_START` and `…_END`); then the link's name; then the other container's own
 * variables.
 */
export function linkEnvironment({ name, address, env, exposedPorts }: LinkedContainer): string[] {
  const alias = name
    .slice(name.lastIndexOf("/") + 1)
    .toUpperCase()
    .replaceAll("-", "_");
  const ports = exposedPorts.map(parsePort).sort(byProtocolAndNumber);
  const url = ({ protocol, text }: Port) => `${protocol}://${address}:${text}`;
  const prefix = ({ protocol, text }: Port) => `${alias}_PORT_${text}_${protocol.toUpperCase()}`;
  const [first] = ports;
  return [
    ...(first ? [`${alias}_PORT=${url(first)}`] : []),
    ...summedUp(
      ports,
      (port) => [
        `${prefix(port)}=${url(port)}`,
        `${prefix(port)}_ADDR=${address}`,
        `${prefix(port)}_PORT=${port.text}`,
        `${prefix(port)}_PROTO=${port.protocol}`,
      ],
      (start, end) => [
        `${prefix(start)}_START=${url(start)}`,
        `${prefix(start)}_PORT_START=${start.text}`,
        `${prefix(start)}_END=${url(end)}`,
        `${prefix(start)}_PORT_END=${end.text}`,
      ],
    ),
    `${alias}_NAME=${name}`,
    ...env.filter(isTold).map((variable) => `${alias}_ENV_${variable}`),
  ];
}

function parsePort(exposed: string): Port {
  const [text = "", protocol = "tcp"] = exposed.split("/");
  return { text, protocol, number: /^\d+$/.test(text) ? Number(text) : 0 };
}

function byProtocolAndNumber(a: Port, b: Port): number {
  const [one, other] = [a.protocol.toLowerCase(), b.protocol.toLowerCase()];
  if (one === other) return a.number - b.number;
  if (one === "tcp" || other === "tcp") return one === "tcp" ? -1 : 1;
  return one < other ? -1 : 1;
}

/**
 * Calls `each` for every port, and `sum` for every run of neighbouring ports: after the run's last port where that is
 * the last of all, else after the port that follows the run.
 */
function summedUp(
  ports: readonly Port[],
  each: (port: Port) => string[],
  sum: (start: Port, end: Port) => string[],
): string[] {
  const lines: string[] = [];
  let [start, end] = [ports[0], ports[0]];
  ports.forEach((port, i) => {
    lines.push(...each(port));
    if (
      start &&
      end &&
      port.number === end.number + 1 &&
      port.protocol.toLowerCase() === start.protocol.toLowerCase()
    ) {
      end = port;
      if (i < ports.length - 1) return;
    }
    if (start && end && start !== end) lines.push(...sum(start, end));
    [start, end] = [port, port];
  });
  return lines;
}

/** What every container has of its own says nothing of the other one. */
function isTold(variable: string): boolean {
  const [name, ...value] = variable.split("=");
  return value.length > 0 && name !== "HOME" && name !== "PATH";
}
