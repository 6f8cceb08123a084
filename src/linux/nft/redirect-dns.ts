import { type Ip, ipBytes } from "../../lib/ip.ts";
import { be16, type Message, u8 } from "../netlink/message.ts";
import {
  addNatChain,
  addRule,
  addTable,
  deleteTable,
  dnat,
  equals,
  load,
  NFPROTO,
  payload,
  transaction,
  transportProtocol,
} from "./codec.ts";

/** Name of the table inside a container's namespace that turns its DNS queries. */
export const dnsTable = "berth_dns";
const OUTPUT = 3;
const PRIORITY_DNAT = -100;

/**
 * Inside a container's namespace: queries to port 53 of `server` go to `ports` of it instead, so that the container
 * may have a name server of its own on port 53 of all its addresses. `again`: in place of earlier ports; the kernel
 * takes some ten milliseconds for that, so a namespace just made should not ask for it.
 */
export function redirectDns(server: Ip, ports: { udp: number; tcp: number }, again: boolean): Message[] {
  const rule = (protocol: number, port: number): Message =>
    addRule(NFPROTO.IPV4, dnsTable, "output", [
      payload(1, 16, 4),
      equals(ipBytes(server)),
      transportProtocol(),
      equals(u8(protocol)),
      payload(2, 2, 2),
      equals(be16(53)),
      load(1, ipBytes(server)),
      load(2, be16(port)),
      dnat(NFPROTO.IPV4, 1, 2),
    ]);
  return transaction([
    addTable(NFPROTO.IPV4, dnsTable),
    ...(again ? [deleteTable(NFPROTO.IPV4, dnsTable), addTable(NFPROTO.IPV4, dnsTable)] : []),
    addNatChain(NFPROTO.IPV4, dnsTable, "output", OUTPUT, PRIORITY_DNAT),
    rule(17, ports.udp),
    rule(6, ports.tcp),
  ]);
}
