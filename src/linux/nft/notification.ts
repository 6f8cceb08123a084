import { decodeAttributes, type ReceivedMessage, textOf } from "../netlink/message.ts";

/** What the kernel tells of changes to the packet filter (linux/netfilter/nf_tables.h). Pure. */
export interface FilterChange {
  /** As in `NFPROTO`. */
  family: number;
  table: string;
  /** Chain, set or map that it is about; empty: the table itself, or something else in it. */
  part: string;
  /** Number of the netlink socket that made it. */
  port: number;
}

const SUBSYSTEM = 10;
/** Tables, chains, rules, sets and elements: new, got and deleted ones. */
const last = 14;
const firstWithPart = 3;
const NFTA_TABLE = 1;
const NFTA_PART = 2;
const NFTA_CHAIN_NAME = 3;
const NFGENMSG = 4;

/** null for what is no change of a table, such as the end of a transaction. */
export function parseFilterChange({ type, payload, port }: ReceivedMessage): FilterChange | null {
  const kind = type & 255;
  if (type >> 8 !== SUBSYSTEM || kind > last) return null;
  const attributes = decodeAttributes(payload, NFGENMSG);
  const isChain = kind >= firstWithPart && kind < 6;
  const part = kind < firstWithPart ? undefined : attributes.get(isChain ? NFTA_CHAIN_NAME : NFTA_PART);
  return { family: payload[0] ?? 0, table: textOf(attributes.get(NFTA_TABLE)), part: textOf(part), port };
}
