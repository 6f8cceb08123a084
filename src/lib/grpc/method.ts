import { decode, encode, type Message } from "../protobuf.ts";
import type { ServerCall } from "./server-call.ts";
import { Code, GrpcError } from "./status.ts";

/**
 * A method of a service: its path (`/service/Method`) and what answers a call of it. `unary`, `serverStream` and `bidi`
 * make one.
 */
export interface Method {
  path: string;
  handle(call: ServerCall): Promise<void>;
}

/** One message in, one out. */
export function unary<ReqOut, ReqIn, ResOut, ResIn>(
  path: string,
  request: Message<ReqOut, ReqIn>,
  response: Message<ResOut, ResIn>,
  answer: (request: ReqOut, call: ServerCall) => Promise<ResIn> | ResIn,
): Method {
  return {
    path,
    async handle(call) {
      const value = await answer(await only(request, call.messages), call);
      await call.send(encode(response, value));
    },
  };
}

/** One message in, any number out; each `send` is done when there is room for more. */
export function serverStream<ReqOut, ReqIn, ResOut, ResIn>(
  path: string,
  request: Message<ReqOut, ReqIn>,
  response: Message<ResOut, ResIn>,
  answer: (request: ReqOut, call: ServerCall, send: (value: ResIn) => Promise<void>) => Promise<void>,
): Method {
  return {
    path,
    async handle(call) {
      const value = await only(request, call.messages);
      await answer(value, call, (each) => call.send(encode(response, each)));
    },
  };
}

/** Any number in both directions, as bytes. */
export function bidi(path: string, handle: (call: ServerCall) => Promise<void>): Method {
  return { path, handle };
}

/** The one message that there must be, read. */
export async function only<Out, In>(type: Message<Out, In>, messages: AsyncIterable<Uint8Array>): Promise<Out> {
  let found: Uint8Array | undefined;
  for await (const each of messages) {
    if (found) throw new GrpcError(Code.internal, "more than one message where there must be one");
    found = each;
  }
  if (!found) throw new GrpcError(Code.internal, "no message where there must be one");
  try {
    return decode(type, found);
  } catch (error) {
    throw new GrpcError(Code.internal, `message cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
