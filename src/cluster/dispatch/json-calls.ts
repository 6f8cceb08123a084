import type { Schema } from "../../api/schema/schema.ts";
import { EngineError, type ErrorKind, errorKind, errorMessage, internal } from "../../lib/errors.ts";
import type { CallOptions, Client } from "../../lib/grpc/client.ts";
import type { ClientCall } from "../../lib/grpc/client-call.ts";
import { bidi, type Method } from "../../lib/grpc/method.ts";
import type { ServerCall } from "../../lib/grpc/server-call.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { parseJson } from "../../lib/parse-json.ts";

/** Calls of nodes carry JSON; what arrives is checked, whoever sent it. */
const codes: Partial<Record<ErrorKind, number>> = {
  invalid: Code.invalidArgument,
  "not-found": Code.notFound,
  conflict: Code.failedPrecondition,
  forbidden: Code.permissionDenied,
  unauthorized: Code.unauthenticated,
  unavailable: Code.unavailable,
  "not-implemented": Code.unimplemented,
};

/** One message in, one out. Errors of the engine arrive as what they were. */
export function jsonMethod<Request, Answer>(
  path: string,
  schema: Schema<Request>,
  answer: (request: Request, call: ServerCall) => Promise<Answer> | Answer,
): Method {
  return jsonStream(path, async (call) => {
    for await (const message of call.messages) {
      await call.send(encodeJson(await answer(decodeJson(schema, message), call)));
      return;
    }
  });
}

/** Messages in both directions. Errors of the engine arrive as what they were. */
export function jsonStream(path: string, handle: (call: ServerCall) => Promise<void>): Method {
  return bidi(path, async (call) => {
    try {
      await handle(call);
    } catch (error) {
      if (error instanceof GrpcError) throw error;
      throw new GrpcError(codes[errorKind(error)] ?? Code.unknown, errorMessage(error));
    }
  });
}

/** Calls a {@link jsonMethod}. Throws what it threw, and `unavailable` where the connection ends. */
export async function callJson<Answer>(
  client: Client,
  path: string,
  request: unknown,
  schema: Schema<Answer>,
  options: CallOptions = {},
): Promise<Answer> {
  try {
    const call = client.stream(path, { timeoutMs: 30_000, ...options });
    await call.send(encodeJson(request));
    call.end();
    for await (const message of call.messages) return decodeJson(schema, message);
  } catch (error) {
    throw engineError(error);
  }
  throw internal(`${path} has no answer`);
}

/** What the other side sends in a call, checked. Throws what it threw. */
export async function* jsonMessages<T>(call: ServerCall | ClientCall, schema: Schema<T>): AsyncGenerator<T> {
  try {
    for await (const message of call.messages) yield decodeJson(schema, message);
  } catch (error) {
    throw engineError(error);
  }
}

/** A message as it is sent. */
export const encodeJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function decodeJson<T>(schema: Schema<T>, bytes: Uint8Array): T {
  return schema(parseJson(new TextDecoder().decode(bytes)), "Message");
}

/** An error that came over the wire, as the engine has it. */
export function engineError(error: unknown): unknown {
  if (!(error instanceof GrpcError)) return error;
  const [kind = "internal"] = Object.entries(codes).find(([, code]) => code === error.code) ?? [];
  // The border: the keys of the table are kinds.
  return new EngineError(kind as ErrorKind, error.message, { cause: error });
}
