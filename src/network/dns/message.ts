import { type Ip, ipBytes } from "../../lib/ip.ts";

/** The DNS wire format (RFC 1035), as much of it as a name service of containers needs. Pure. */

/** Types of DNS records (RFC 1035, RFC 3596, RFC 6891), as far as they are used here. */
export const recordType = { A: 1, PTR: 12, AAAA: 28, OPT: 41 } as const;
/** Classes of DNS records (RFC 1035, section 3.2.4): the internet, and any. */
export const recordClass = { IN: 1, ANY: 255 } as const;
/** Response codes of DNS (RFC 1035, section 4.1.1). */
export const rcode = { OK: 0, FORMERR: 1, SERVFAIL: 2, NOTIMP: 4, REFUSED: 5 } as const;

/** A question to the name server, read by {@link parseQuery}. */
export interface Query {
  id: number;
  /** Without the final dot; upper and lower case as the client wrote it. */
  name: string;
  type: number;
  class: number;
  /** Header bits that the answer repeats. */
  recursionDesired: boolean;
  /** Most bytes of an answer that the client can take by UDP. */
  maxUdpSize: number;
  /** The bytes of the question: answers must repeat them unchanged. */
  question: Uint8Array;
}

const HEADER = 12;
const QR = 0x8000;
const AA = 0x0400;
const TC = 0x0200;
const RD = 0x0100;
const RA = 0x0080;
const OPCODE = 0x7800;

/** null where the message is not a plain query with exactly one question. */
export function parseQuery(bytes: Uint8Array): Query | null {
  if (bytes.length < HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if (flags & (QR | OPCODE) || view.getUint16(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at + 1 + length > bytes.length) return null;
    at += 1;
    if (length === 0) break;
    labels.push(Buffer.from(bytes.subarray(at, at + length)).toString("latin1"));
    at += length;
  }
  if (at - HEADER > 255 || at + 4 > bytes.length) return null;
  return {
    id: view.getUint16(0),
    name: labels.join("."),
    type: view.getUint16(at),
    class: view.getUint16(at + 2),
    recursionDesired: (flags & RD) !== 0,
    maxUdpSize: udpSize(view, at + 4),
    question: bytes.slice(HEADER, at + 4),
  };
}

/**
 * The answer to what {@link parseQuery} cannot read: FORMERR, or NOTIMP where the operation is not a query. null: no
 * answer is to be sent.
 */
export function encodeRefusal(bytes: Uint8Array): Buffer | null {
  if (bytes.length < HEADER) return null;
  const asked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = asked.readUInt16BE(2);
  // Never answer an answer: two servers could go on for ever.
  if (flags & QR) return null;
  const answer = Buffer.alloc(HEADER);
  answer.writeUInt16BE(asked.readUInt16BE(0), 0);
  answer.writeUInt16BE(QR | (flags & (OPCODE | RD)) | (flags & OPCODE ? rcode.NOTIMP : rcode.FORMERR), 2);
  return answer;
}

/** From the EDNS record (RFC 6891), where there is one right behind the question. */
function udpSize(view: DataView, at: number): number {
  const plain = 512;
  if (view.getUint16(6) !== 0 || view.getUint16(8) !== 0 || view.getUint16(10) === 0 || at + 11 > view.byteLength)
    return plain;
  if (view.getUint8(at) !== 0 || view.getUint16(at + 1) !== recordType.OPT) return plain;
  return Math.min(Math.max(view.getUint16(at + 3), plain), 4096);
}

/** One record of an answer: an address becomes an A or AAAA record, a name a PTR record. */
export type Answer = { type: "address"; ip: Ip } | { type: "name"; name: string };

/**
 * Records of `ttl` seconds for the query's own name. No answers: the name exists but has no record of the type. As many
 * records as fit in `limit` bytes; where some do not fit, the client is told to ask again by TCP.
 */
export function encodeAnswer(query: Query, answers: readonly Answer[], ttl: number, limit: number): Buffer {
  const records = answers.map((answer) => {
    const data = answer.type === "address" ? ipBytes(answer.ip) : encodeName(answer.name);
    const type = answer.type === "name" ? recordType.PTR : answer.ip.family === 4 ? recordType.A : recordType.AAAA;
    const record = Buffer.alloc(12 + data.length);
    // A pointer to the name in the question.
    record.writeUInt16BE(0xc000 | HEADER, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttl, 6);
    record.writeUInt16BE(data.length, 10);
    record.set(data, 12);
    return record;
  });
  const fitting: Buffer[] = [];
  let room = limit - HEADER - query.question.length;
  for (const record of records) {
    room -= record.length;
    if (room < 0) break;
    fitting.push(record);
  }
  const bits = fitting.length < records.length ? AA | TC : AA;
  return Buffer.concat([header(query, fitting.length, rcode.OK, bits), query.question, ...fitting]);
}

function header(query: Query, answers: number, code: number, more = 0): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeUInt16BE(query.id, 0);
  bytes.writeUInt16BE(QR | (query.recursionDesired ? RD : 0) | RA | more | code, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

/** Another server's answer where it fits in a datagram, else an answer that tells the client to ask again by TCP. */
export function forUdp(query: Query, answer: Uint8Array): Uint8Array {
  return answer.length <= query.maxUdpSize ? answer : Buffer.concat([header(query, 0, rcode.OK, TC), query.question]);
}

/** An answer without records that says `code` (one of {@link rcode}) and repeats the question. */
export function encodeError(query: Query, code: number): Buffer {
  return Buffer.concat([header(query, 0, code), query.question]);
}

function encodeName(name: string): Buffer {
  const labels = name
    .split(".")
    .filter((label) => label !== "")
    .map((label) => Buffer.from(label, "latin1").subarray(0, 63));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

/** The address that a name under in-addr.arpa or ip6.arpa stands for. */
export function reverseAddress(name: string): Ip | null {
  const labels = name.toLowerCase().split(".");
  if (labels.slice(-2).join(".") === "in-addr.arpa" && labels.length === 6) {
    const parts = labels.slice(0, 4).reverse();
    if (!parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
    return { family: 4, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
  }
  if (labels.slice(-2).join(".") === "ip6.arpa" && labels.length === 34) {
    const digits = labels.slice(0, 32).reverse();
    if (!digits.every((digit) => /^[0-9a-f]$/.test(digit))) return null;
    return { family: 6, value: BigInt(`0x${digits.join("")}`) };
  }
  return null;
}

/** Whether `answer` is one to `query` sent under another id. */
export function answersTo(answer: Uint8Array, id: number, query: Query): boolean {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  return (
    answer.length >= HEADER + query.question.length &&
    view.getUint16(0) === id &&
    (view.getUint16(2) & QR) !== 0 &&
    Buffer.from(answer.subarray(HEADER, HEADER + query.question.length))
      .toString("latin1")
      .toLowerCase() === Buffer.from(query.question).toString("latin1").toLowerCase()
  );
}

/** The response code in the header of an answer, 0 to 15; see {@link rcode}. */
export function codeOf(answer: Uint8Array): number {
  return (answer[3] ?? 0) & 15;
}
