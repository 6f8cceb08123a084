import { bytes, decode, encode, field, int32, message, repeated, string, type Value } from "../protobuf.ts";

/** The codes of gRPC by their names. */
export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** google.protobuf.Any: some message, and the name of its type. */
const Any = message({ typeUrl: field(1, string), value: field(2, bytes) });
export type Any = Value<typeof Any>;

/** google.rpc.Status: how an error with details is sent. */
export const RpcStatus = message({ code: field(1, int32), message: field(2, string), details: repeated(3, Any) });
export type RpcStatus = Value<typeof RpcStatus>;

/** An error with a status, as it goes over the wire and as it comes from there. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  constructor(
    readonly code: number,
    message: string,
    readonly details: readonly Any[] = [],
  ) {
    super(message);
  }
}

/** Any thrown value as a status: what has none is of code `unknown`. */
export function asGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  return new GrpcError(Code.unknown, error instanceof Error ? error.message : String(error));
}

/** The headers by which a call ends. */
export function statusHeaders(error?: GrpcError): Record<string, string> {
  if (!error) return { "grpc-status": "0" };
  const { code, message } = error;
  const details = detailsHeader(error);
  return {
    "grpc-status": String(code),
    "grpc-message": escapeMessage(message),
    ...(details !== undefined && { "grpc-status-details-bin": details }),
  };
}

/** Bun 1.4.5 breaks the connection over one header of 64 KiB. */
const longestDetails = 48 * 1024;

/** The details of an error; where they are too long the last ones are left out. */
function detailsHeader({ code, message, details }: GrpcError): string | undefined {
  const short = message.slice(0, longestMessage);
  for (let count = details.length; count > 0; count--) {
    const whole = encode(RpcStatus, { code, message: short, details: details.slice(0, count) });
    const text = Buffer.from(whole).toString("base64").replace(/=+$/, "");
    if (text.length <= longestDetails) return text;
  }
  return undefined;
}

/** What the headers at a call's end say: undefined for success, and a status also where they make no sense. */
export function statusOf(get: (name: string) => string | undefined): GrpcError | undefined {
  const text = get("grpc-status") ?? "";
  const code = /^\d{1,3}$/.test(text) ? Number(text) : Code.unknown;
  if (code === Code.ok) return undefined;
  const details = get("grpc-status-details-bin");
  return new GrpcError(code, unescapeMessage(get("grpc-message") ?? ""), details ? detailsIn(details) : []);
}

function detailsIn(base64: string): Any[] {
  try {
    return decode(RpcStatus, Buffer.from(base64, "base64")).details;
  } catch {
    // An error is worth more than its details.
    return [];
  }
}

/** Longer texts would not fit into what peers take as headers. */
const longestMessage = 4096;

function escapeMessage(message: string): string {
  let out = "";
  for (const byte of Buffer.from(message.slice(0, longestMessage))) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function unescapeMessage(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === "%" ? /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 3))?.[0] : undefined;
    bytes.push(hex ? Number.parseInt(hex, 16) : text.charCodeAt(at) & 0xff);
    if (hex) at += 2;
  }
  return Buffer.from(bytes).toString();
}
