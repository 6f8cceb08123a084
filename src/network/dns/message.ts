import { ipBytes, type Ip } from "../../lib/ip.ts";

/** The DNS wire format (RFC 1035), as much of it as a name service of containers needs. Pure. */

export const recordType = { A: 1, PTR: 12, AAAA: 28, OPT: 41 } as const;
export const rcode = { OK: 0, SERVFAIL: 2, NOTIMP: 4, REFUSED: 5 } as const;

export interface Query {
  id: number;
  /** Without the final dot, in the letters of the asker. */
  name: string;
  type: number;
  class: number;
  /** Header bits that the answer repeats. */
  recursionDesired: boolean;
  /** Bytes of an answer that the asker can take by UDP. */
  maxUdpSize: number;
  /** The question as it came: answers must repeat it letter by letter. */
  question: Uint8Array;
}

const HEADER = 12;
const QR = 0x8000;
const AA = 0x0400;
const TC = 0x0200;
const RD = 0x0100;
const RA = 0x0080;
const OPCODE = 0x7800;

/** null for what is no plain query of one question. */
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

/** From the EDNS record (RFC 6891), where there is one right behind the question. */
function udpSize(view: DataView, at: number): number {
  const plain = 512;
  if (view.getUint16(6) !== 0 || view.getUint16(8) !== 0 || view.getUint16(10) === 0 || at + 11 > view.byteLength) return plain;
  if (view.getUint8(at) !== 0 || view.getUint16(at + 1) !== recordType.OPT) return plain;
  return Math.min(Math.max(view.getUint16(at + 3), plain), 4096);
}

export type Answer = { type: "address"; ip: Ip } | { type: "name"; name: string };

/** Records of `ttl` seconds for the query's own name. No answers and code 0: the name is there, the type is not. */
export function encodeAnswer(query: Query, answers: readonly Answer[], ttl: number, code: number = rcode.OK): Buffer {
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
  return Buffer.concat([header(query, records.length, code, AA), query.question, ...records]);
}

function header(query: Query, answers: number, code: number, more = 0): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeUInt16BE(query.id, 0);
  bytes.writeUInt16BE(QR | (query.recursionDesired ? RD : 0) | RA | more | code, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

/** The same answer as far as a datagram holds it: where it does not, the asker is told to come again by TCP. */
export function forUdp(query: Query, answer: Uint8Array): Uint8Array {
  return answer.length <= query.maxUdpSize ? answer : Buffer.concat([header(query, 0, rcode.OK, TC), query.question]);
}

export function encodeError(query: Query, code: number): Buffer {
  return Buffer.concat([header(query, 0, code), query.question]);
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "").map((label) => Buffer.from(label, "latin1").subarray(0, 63));
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
  return answer.length >= HEADER + query.question.length && view.getUint16(0) === id && (view.getUint16(2) & QR) !== 0 &&
    Buffer.from(answer.subarray(HEADER, HEADER + query.question.length)).toString("latin1").toLowerCase() === Buffer.from(query.question).toString("latin1").toLowerCase();
}

export function codeOf(answer: Uint8Array): number {
  return (answer[3] ?? 0) & 15;
}
