import { parseUnixTimestamp } from "../../api/timestamps.ts";
import type { TaskLogOptions } from "../../cluster/agent/task-logs.ts";
import { type ClusterLogs, clusterTaskLogs, serviceLogs } from "../../cluster/services/logs.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { outputType, wireBatches } from "../http/hijack.ts";
import { stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";

const flags = ["follow", "stdout", "stderr", "timestamps", "details"] as const;

function optionsOf({ query }: ApiRequest): TaskLogOptions {
  const options: TaskLogOptions = Object.fromEntries(flags.map((flag) => [flag, query.bool(flag) ? "1" : "0"]));
  if (options.stdout === "0" && options.stderr === "0")
    throw invalid("Bad parameters: you must choose at least one stream");
  for (const bound of ["since", "until"] as const) {
    const value = query.get(bound);
    try {
      parseUnixTimestamp(value);
    } catch (error) {
      throw invalid(`invalid value for ${JSON.stringify(bound)}: ${errorMessage(error)}`);
    }
    if (value && value !== "0") options[bound] = value;
  }
  const tail = query.get("tail");
  if (tail) options.tail = tail;
  return options;
}

function reply(request: ApiRequest, { tty, batches }: ClusterLogs) {
  return stream(outputType(request, tty), wireBatches(tty, batches));
}

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const ofService: Handler = ({ swarm }, request) =>
  reply(request, serviceLogs(swarm.manager(), id(request), optionsOf(request), request.signal));
const ofTask: Handler = ({ swarm }, request) =>
  reply(request, clusterTaskLogs(swarm.manager(), id(request), optionsOf(request), request.signal));

/** What tasks write. Outside of a swarm each answers 503. */
export const serviceLogRoutes: readonly Route[] = [
  { id: "ServiceLogs", method: "GET", path: "/services/{id}/logs", handle: ofService },
  { id: "TaskLogs", method: "GET", path: "/tasks/{id}/logs", handle: ofTask },
];
