import { createExec, inspectExec, resizeExec, startExec } from "../../container/exec.ts";
import { invalid } from "../../lib/errors.ts";
import { api } from "../compat/version.ts";
import { hijack } from "../http/hijack.ts";
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
  const streams = await startExec(ctx.containers, id(request), { ...options, ...(ConsoleSize && options.Tty && request.version >= api("1.42") && { ConsoleSize }) });
  return streams ? hijack(request, streams) : empty(200);
};

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
