import { type Ip, ipBytes } from "../../lib/ip.ts";
import { type Message, u8 } from "../netlink/message.ts";
import {
  addNatChain,
  addRule,
  addTable,
  deleteTable,
  dnat,
  equals,
  flushChain,
  inTurn,
  load,
  lookUpNumber,
  NFPROTO,
  numberedValues,
  packetFamily,
  payload,
  reject,
  transaction,
} from "./codec.ts";

/** Name of the table inside a container's namespace that shares out connections to services. */
export const balanceTable = "berth_services";
const chain = "output";
const OUTPUT = 3;
const PRIORITY_DNAT = -100;
const REGISTER = 1;

/** An address and those that take connections to it in turn, all of one family. */
export interface Balanced {
  address: Ip;
  targets: readonly Ip[];
}

/**
 * Inside a container's namespace: the first packet of each connection to one of the addresses goes to the next of its
 * targets, the rest follows. Without a target the connection is refused. In place of all that was said before.
 */
export function balance(services: readonly Balanced[]): Message[] {
  return transaction([
    addTable(NFPROTO.INET, balanceTable),
    addNatChain(NFPROTO.INET, balanceTable, chain, OUTPUT, PRIORITY_DNAT),
    flushChain(NFPROTO.INET, balanceTable, chain),
    ...services.flatMap((service, index) => rule(service, index + 1)),
  ]);
}

/** Takes it away again; succeeds where there is none. */
export function endBalance(): Message[] {
  return transaction([addTable(NFPROTO.INET, balanceTable), deleteTable(NFPROTO.INET, balanceTable)]);
}

function rule({ address, targets }: Balanced, id: number): Message[] {
  const family = address.family === 4 ? NFPROTO.IPV4 : NFPROTO.IPV6;
  const toAddress = [
    packetFamily(),
    equals(u8(family)),
    address.family === 4 ? payload(1, 16, 4) : payload(1, 24, 16),
    equals(ipBytes(address)),
  ];
  const [only] = targets;
  if (!only) return [addRule(NFPROTO.INET, balanceTable, chain, [...toAddress, reject()])];
  if (targets.length === 1) {
    const turn = [load(REGISTER, ipBytes(only)), dnat(family, REGISTER, null)];
    return [addRule(NFPROTO.INET, balanceTable, chain, [...toAddress, ...turn])];
  }
  const next = [inTurn(targets.length), lookUpNumber(id), dnat(family, REGISTER, null)];
  return [
    ...numberedValues(NFPROTO.INET, balanceTable, id, targets.map(ipBytes)),
    addRule(NFPROTO.INET, balanceTable, chain, [...toAddress, ...next]),
  ];
}
