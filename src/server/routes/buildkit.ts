import { EngineError, invalid } from "../../lib/errors.ts";
import { connect } from "../../lib/grpc/client.ts";
import { serve } from "../../lib/grpc/server.ts";
import { traceMethods } from "../buildkit/client-traces.ts";
import { contentMethods } from "../buildkit/content.ts";
import { controlMethods } from "../buildkit/control.ts";
import { gatewayMethods } from "../buildkit/gateway.ts";
import { sessionMethod } from "../buildkit/session-call.ts";
import { asDuplex } from "../http/duplex.ts";
import type { RawStream, Reply } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";

/** Clients begin builds here: the connection becomes one of HTTP/2, on which the engine serves gRPC. */
const grpc: Handler = (deps, request) => {
  if (!wantsHttp2(request)) throw new EngineError("internal", "no upgrade proto in request");
  return upgraded(async (stream) => {
    const methods = [
      ...controlMethods(deps),
      sessionMethod(deps),
      ...gatewayMethods(deps),
      ...contentMethods(deps),
      ...traceMethods(deps),
    ];
    await serve(asDuplex(stream), methods, {
      // The client puts its clock right by it.
      headers: (path) => (path.endsWith("/Status") ? { "buildkit-current-timestamp": new Date().toISOString() } : {}),
    }).closed;
  });
};

/** Clients offer here what the engine may ask of them: the connection becomes one of HTTP/2, the engine its client. */
const session: Handler = (deps, request) => {
  if (!wantsHttp2(request)) throw invalid("no upgrade proto in request");
  const header = (name: string) => request.headers.get(`x-docker-expose-session-${name}`) ?? "";
  const id = header("uuid");
  if (id === "") throw invalid("a session needs an id (X-Docker-Expose-Session-Uuid)");
  return upgraded((stream) =>
    deps.buildkit.sessions.serve({
      id,
      sharedKey: header("sharedkey"),
      methods: new Set(
        header("grpc-method")
          .split(",")
          .map((method) => method.trim()),
      ),
      client: connect(asDuplex(stream)),
    }),
  );
};

function wantsHttp2({ headers }: ApiRequest): boolean {
  return (headers.get("upgrade") ?? "").toLowerCase() === "h2c";
}

function upgraded(takeOver: (stream: RawStream) => Promise<void>): Reply {
  return { status: 101, headers: { Connection: "Upgrade", Upgrade: "h2c" }, takeOver };
}

/** BuildKit's interface. */
export const buildkitRoutes: readonly Route[] = [
  { id: "Session", method: "POST", path: "/session", since: "1.31", handle: session },
  { id: "Grpc", method: "POST", path: "/grpc", handle: grpc },
];
