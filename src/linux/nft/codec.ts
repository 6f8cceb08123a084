import { type Attribute, be32, type Message, NLM_F, text, u8, u32 } from "../netlink/message.ts";

/**
 * The little of nf_tables' own protocol (linux/netfilter/nf_tables.h) that is worth speaking without nft(8): where a
 * process would cost more than all the rest. Pure. Send the result with `NetlinkSocket.batch`.
 */

const SUBSYSTEM = 10;
const NFT_MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  NEWRULE: 6,
  DELRULE: 8,
  NEWSET: 9,
  NEWSETELEM: 12,
  DELSETELEM: 14,
} as const;
const BATCH_BEGIN = 16;
const BATCH_END = 17;

/** Families of nftables' tables: `NFPROTO_…` of linux/netfilter.h. INET is IPv4 and IPv6 together. */
export const NFPROTO = { INET: 1, IPV4: 2, IPV6: 10 } as const;
const LIST_ELEM = 1;
const NFTA_DATA_VALUE = 1;
const NFTA_SET_ELEM = { KEY: 1, DATA: 2, KEY_END: 10 } as const;

const nfgenmsg = (family: number, resource = 0): Uint8Array =>
  Uint8Array.of(family, 0, (resource >> 8) & 255, resource & 255);

const message = (type: number, family: number, flags: number, attributes: readonly Attribute[]): Message => ({
  type: (SUBSYSTEM << 8) | type,
  flags,
  body: nfgenmsg(family),
  attributes,
});

/** Wraps messages into a transaction. */
export function transaction(messages: readonly Message[]): Message[] {
  const edge = (type: number): Message => ({ type, flags: 0, body: nfgenmsg(0, SUBSYSTEM), attributes: [] });
  return [edge(BATCH_BEGIN), ...messages, edge(BATCH_END)];
}

/** Makes a table; one of that name may be there. `family` as in {@link NFPROTO}. */
export function addTable(family: number, table: string): Message {
  return message(NFT_MSG.NEWTABLE, family, NLM_F.CREATE, [[1, text(table)]]);
}

/** Asks for a table; ENOENT where there is none. */
export function getTable(family: number, table: string): Message {
  return message(NFT_MSG.GETTABLE, family, 0, [[1, text(table)]]);
}

/** Deletes a table with everything in it. */
export function deleteTable(family: number, table: string): Message {
  return message(NFT_MSG.DELTABLE, family, 0, [[1, text(table)]]);
}

/** A base chain of type `nat`. `hook` as in linux/netfilter.h: 0 prerouting … 3 output, 4 postrouting. */
export function addNatChain(family: number, table: string, chain: string, hook: number, priority: number): Message {
  return message(NFT_MSG.NEWCHAIN, family, NLM_F.CREATE, [
    [1, text(table)],
    [3, text(chain)],
    [
      4,
      [
        [1, be32(hook)],
        [2, be32(priority)],
      ],
    ],
    [7, text("nat")],
  ]);
}

/** A rule at the end of a chain: its expressions run one after the other. */
export function addRule(family: number, table: string, chain: string, expressions: readonly Expression[]): Message {
  return message(NFT_MSG.NEWRULE, family, NLM_F.CREATE | NLM_F.APPEND, [
    [1, text(table)],
    [2, text(chain)],
    [
      4,
      expressions.map(
        ({ name, data }): Attribute => [
          LIST_ELEM,
          [
            [1, text(name)],
            [2, data],
          ],
        ],
      ),
    ],
  ]);
}

/** Takes all rules out of a chain. */
export function flushChain(family: number, table: string, chain: string): Message {
  return message(NFT_MSG.DELRULE, family, 0, [
    [1, text(table)],
    [2, text(chain)],
  ]);
}

/** One step of a rule, as the kernel names it (`payload`, `cmp`, `nat`), with its attributes. */
export interface Expression {
  name: string;
  data: readonly Attribute[];
}

const REGISTER = 1;

/** Loads bytes of the network (1) or transport (2) header into the first register. */
export function payload(base: 1 | 2, offset: number, length: number): Expression {
  return {
    name: "payload",
    data: [
      [1, be32(REGISTER)],
      [2, be32(base)],
      [3, be32(offset)],
      [4, be32(length)],
    ],
  };
}

/** Loads the number of the transport protocol into the first register. */
export function transportProtocol(): Expression {
  const NFT_META_L4PROTO = 16;
  return {
    name: "meta",
    data: [
      [2, be32(NFT_META_L4PROTO)],
      [1, be32(REGISTER)],
    ],
  };
}

/** Ends the rule unless the first register holds `value`. */
export function equals(value: Uint8Array): Expression {
  return {
    name: "cmp",
    data: [
      [1, be32(REGISTER)],
      [2, be32(0)],
      [3, [[1, value]]],
    ],
  };
}

/** Loads a fixed value into a register. */
export function load(register: number, value: Uint8Array): Expression {
  return {
    name: "immediate",
    data: [
      [1, be32(register)],
      [2, [[1, value]]],
    ],
  };
}

/** Turns the packet to the address in one register and the port in another; null: the port stays as it is. */
export function dnat(family: number, addressRegister: number, portRegister: number | null): Expression {
  const NFT_NAT_DNAT = 1;
  return {
    name: "nat",
    data: [
      [1, be32(NFT_NAT_DNAT)],
      [2, be32(family)],
      [3, be32(addressRegister)],
      ...(portRegister === null ? [] : [[5, be32(portRegister)] as const]),
    ],
  };
}

/** Loads the family of the packet, as in {@link NFPROTO} (1 byte), into the first register. */
export function packetFamily(): Expression {
  const NFT_META_NFPROTO = 15;
  return {
    name: "meta",
    data: [
      [2, be32(NFT_META_NFPROTO)],
      [1, be32(REGISTER)],
    ],
  };
}

/** Loads 0, 1, … `modulus` - 1 in turn, one for each packet, into the first register. */
export function inTurn(modulus: number): Expression {
  const NFT_NG_INCREMENTAL = 0;
  return {
    name: "numgen",
    data: [
      [1, be32(REGISTER)],
      [2, be32(modulus)],
      [3, be32(NFT_NG_INCREMENTAL)],
    ],
  };
}

/** Whoever sent the packet hears at once that nobody takes it. */
export function reject(): Expression {
  const [NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH] = [2, 1];
  return {
    name: "reject",
    data: [
      [1, be32(NFT_REJECT_ICMPX_UNREACH)],
      [2, u8(NFT_REJECT_ICMPX_PORT_UNREACH)],
    ],
  };
}

/**
 * A map from 0, 1, … to `values`, all of one length, for one rule of the same transaction, which has
 * {@link lookUpNumber} with the same `id`. Ids are unique within a transaction.
 */
export function numberedValues(family: number, table: string, id: number, values: readonly Uint8Array[]): Message[] {
  const [ANONYMOUS, CONSTANT, MAP] = [1, 2, 8];
  const name = [2, text(anonymousMap)] as const;
  return [
    message(NFT_MSG.NEWSET, family, NLM_F.CREATE, [
      [1, text(table)],
      name,
      [3, be32(ANONYMOUS | CONSTANT | MAP)],
      [4, be32(datatype.integer)],
      [5, be32(4)],
      [6, be32(values[0]?.length === 16 ? datatype.ipv6 : datatype.ipv4)],
      [7, be32(values[0]?.length ?? 4)],
      [10, be32(id)],
    ]),
    message(NFT_MSG.NEWSETELEM, family, NLM_F.CREATE, [
      [1, text(table)],
      name,
      [4, be32(id)],
      [
        3,
        values.map(
          (value, number): Attribute => [
            LIST_ELEM,
            [
              [NFTA_SET_ELEM.KEY, [[NFTA_DATA_VALUE, u32(number)]]],
              [NFTA_SET_ELEM.DATA, [[NFTA_DATA_VALUE, value]]],
            ],
          ],
        ),
      ],
    ]),
  ];
}

const anonymousMap = "__map%d";
/** How nft(8) shows keys and values; the kernel does not care. */
const datatype = { integer: 4, ipv4: 7, ipv6: 8 } as const;

/** Replaces the number in the first register by its value in {@link numberedValues}. */
export function lookUpNumber(id: number): Expression {
  return {
    name: "lookup",
    data: [
      [1, text(anonymousMap)],
      [2, be32(REGISTER)],
      [3, be32(REGISTER)],
      [4, be32(id)],
    ],
  };
}

/** An element of a set or map, its values as the kernel keeps them. */
export interface SetElement {
  key: Uint8Array;
  /** End of the interval, in sets and maps that have intervals. */
  keyEnd: Uint8Array | null;
  /** What the key leads to, in maps. */
  data: Uint8Array | null;
}

/** Elements of a set or map; some thousand a message at most, the list's length has 16 bits. */
export function changeElements(
  change: "add" | "delete",
  family: number,
  table: string,
  set: string,
  elements: readonly SetElement[],
): Message {
  const add = change === "add";
  const encode = ({ key, keyEnd, data }: SetElement): Attribute => [
    LIST_ELEM,
    [
      [NFTA_SET_ELEM.KEY, [[NFTA_DATA_VALUE, key]]],
      ...(add && data ? [[NFTA_SET_ELEM.DATA, [[NFTA_DATA_VALUE, data]]] as const] : []),
      ...(keyEnd ? [[NFTA_SET_ELEM.KEY_END, [[NFTA_DATA_VALUE, keyEnd]]] as const] : []),
    ],
  ];
  return message(add ? NFT_MSG.NEWSETELEM : NFT_MSG.DELSETELEM, family, add ? NLM_F.CREATE : 0, [
    [1, text(table)],
    [2, text(set)],
    [3, elements.map(encode)],
  ]);
}

/** The parts of a concatenation, each padded to four bytes. */
export function concatenate(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Buffer.concat([part, new Uint8Array((4 - (part.length % 4)) % 4)])));
}
