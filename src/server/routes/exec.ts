import { execCreateRequest, execStartRequest } from "../../api/schema/container.ts";
import { attachExec, createExec, inspectExec, resizeExec, startExec } from "../../container/exec/exec.ts";
import { invalid } from "../../lib/errors.ts";
import { api } from "../compat/version.ts";
import { hijack } from "../http/hijack.ts";
import { empty, json } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const create: Handler = async (deps, request) => {
  const { ConsoleSize, ...config } = await requireJson(request, execCreateRequest, "ExecCreateRequest");
  if (!config.Cmd || config.Cmd.length === 0) throw invalid("No exec command specified");
  return json(
    201,
    await createExec(deps.containers, id(request), {
      ...config,
      ...(ConsoleSize && request.version >= api("1.42") && { ConsoleSize }),
    }),
  );
};

/** An attached client learns from the stream that the program could not be run, and from inspect its exit code. */
const start: Handler = async (deps, request) => {
  const { ConsoleSize, ...options } = await requireJson(request, execStartRequest, "ExecStartRequest");
  if (options.Detach) {
    await startExec(deps.containers, id(request));
    return empty(200);
  }
  const sized = ConsoleSize && options.Tty && request.version >= api("1.42");
  return hijack(request, attachExec(deps.containers, id(request), { ...options, ...(sized && { ConsoleSize }) }));
};

const resize: Handler = async (deps, request) => {
  const size = { height: request.query.uint32("h", "resize height"), width: request.query.uint32("w", "resize width") };
  await resizeExec(deps.containers, id(request), size);
  return empty(200);
};

const inspect: Handler = async (deps, request) => json(200, await inspectExec(deps.containers, id(request)));

/** `/containers/{id}/exec` and `/exec`. */
export const execRoutes: readonly Route[] = [
  { id: "ContainerExec", method: "POST", path: "/containers/{id:*}/exec", handle: create },
  { id: "ExecStart", method: "POST", path: "/exec/{id}/start", handle: start },
  { id: "ExecResize", method: "POST", path: "/exec/{id}/resize", handle: resize },
  { id: "ExecInspect", method: "GET", path: "/exec/{id}/json", handle: inspect },
];
