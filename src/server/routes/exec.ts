import { createExec, inspectExec, resizeExec, startExec } from "../../container/exec.ts";
import { invalid } from "../../lib/errors.ts";
import { RuntimeError } from "../../runtime/runtime-errors.ts";
import { api } from "../compat/version.ts";
import { hijack, type ProcessStreams } from "../http/hijack.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { execCreateRequest, execStartRequest } from "../schema/container.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const create: Handler = async (ctx, request) => {
  const { ConsoleSize, ...config } = await requireJson(request, execCreateRequest, "ExecCreateRequest");
  if (!config.Cmd || config.Cmd.length === 0) throw invalid("No exec command specified");
  return json(201, await createExec(ctx.containers, id(request), { ...config, ...(ConsoleSize && request.version >= api("1.42") && { ConsoleSize }) }));
};

const start: Handler = async (ctx, request) => {
  const { ConsoleSize, ...options } = await requireJson(request, execStartRequest, "ExecStartRequest");
  try {
    const streams = await startExec(ctx.containers, id(request), { ...options, ...(ConsoleSize && options.Tty && request.version >= api("1.42") && { ConsoleSize }) });
    return streams ? hijack(request, streams) : empty(200);
  } catch (error) {
    // Clients that attach learn from the stream that the program could not be run, and from inspect its exit code.
    if (options.Detach || !(error instanceof RuntimeError)) throw error;
    return hijack(request, onlySays(`${error.message}\r\n`, options.Tty ?? false));
  }
};

/** Streams of a process that never was: they bring its epitaph and end. */
function onlySays(text: string, tty: boolean): ProcessStreams {
  return {
    tty,
    frames: (async function* () { yield { stream: 1 as const, data: Buffer.from(text) }; })(),
    write: async () => {},
    closeStdin() {},
    close() {},
  };
}

const resize: Handler = async (ctx, request) => {
  const size = { height: request.query.uint32("h", "resize height"), width: request.query.uint32("w", "resize width") };
  await resizeExec(ctx.containers, id(request), size);
  return empty(200);
};

const inspect: Handler = async (ctx, request) => json(200, await inspectExec(ctx.containers, id(request)));

export const execRoutes: readonly Route[] = [
  { id: "ContainerExec", method: "POST", path: "/containers/{id}/exec", handle: create },
  { id: "ExecStart", method: "POST", path: "/exec/{id}/start", handle: start },
  { id: "ExecResize", method: "POST", path: "/exec/{id}/resize", handle: resize },
  { id: "ExecInspect", method: "GET", path: "/exec/{id}/json", handle: inspect },
];
