import { controlPaths } from "../../api/buildkit/control.ts";
import { connect } from "../../lib/grpc/client.ts";
import { bidi, type Method } from "../../lib/grpc/method.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import type { ServerDeps } from "../deps.ts";
import { byteStream } from "./byte-stream.ts";

/**
 * `Control/Session`: a client that has no `POST /session` offers the same within a call, whose messages are the bytes
 * of a connection on which the engine is the client.
 */
export function sessionMethod({ buildkit }: Pick<ServerDeps, "buildkit">): Method {
  return bidi(controlPaths.session, async (call) => {
    const header = (name: string) => call.metadata.get(`x-docker-expose-session-${name}`) ?? "";
    const id = header("uuid");
    if (id === "") throw new GrpcError(Code.invalidArgument, "a session needs an id (x-docker-expose-session-uuid)");
    const connection = byteStream({
      messages: call.messages,
      send: (message) => call.send(message),
      // The call ends when the connection has.
      end: () => {},
      cancel: () => {},
    });
    call.signal.addEventListener("abort", () => connection.destroy(), { once: true });
    await buildkit.sessions.serve({
      id,
      sharedKey: header("sharedkey"),
      methods: new Set(call.metadata.getAll("x-docker-expose-session-grpc-method")),
      client: connect(connection),
    });
  });
}
