import { encodeJsonLine } from "../../api/json-lines.ts";
import { containerConfig } from "../../api/schema/container.ts";
import { encodeComplaint } from "../../api/stdcopy.ts";
import { parseUnixTimestamp } from "../../api/timestamps.ts";
import type { ContainerStatsResponse, ContainerWaitResponse } from "../../api/types/container.ts";
import { getArchive, putArchive, statArchive } from "../../container/files/archive.ts";
import { commitContainer } from "../../container/files/commit.ts";
import { exportContainer } from "../../container/files/export.ts";
import { waitContainer } from "../../container/life/wait.ts";
import { containerLogs } from "../../container/logs/logs.ts";
import { findContainer } from "../../container/lookup.ts";
import { type AttachOptions, attachContainer } from "../../container/streams/attach.ts";
import { containerStats } from "../../container/view/stats.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { downgrade } from "../compat/responses.ts";
import { type ApiVersion, api } from "../compat/version.ts";
import { leftAfter } from "../http/body.ts";
import { errorStatus } from "../http/errors.ts";
import { connectStreams, hijack, outputType, rawStreamType, wireBatches, wireOutput } from "../http/hijack.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { acceptWebSocket, checkHandshake } from "../http/websocket.ts";
import { readJson } from "../schema/body.ts";
import { archivePath, pathStatHeader } from "../schema/path-stat.ts";

const attachBodyLimit = 64 * 1024;

const id = ({ params }: ApiRequest): string => params["id"] ?? "";

const logs: Handler = async (deps, request) => {
  const { query, signal } = request;
  const [stdout, stderr] = [query.bool("stdout"), query.bool("stderr")];
  if (!stdout && !stderr) throw invalid("Bad parameters: you must choose at least one stream");
  const [since, until, tail] = [timestamp(request, "since"), timestamp(request, "until"), query.get("tail")];
  const { tty, batches } = await containerLogs(deps.containers, id(request), {
    stdout,
    stderr,
    signal,
    follow: query.bool("follow"),
    timestamps: query.bool("timestamps"),
    details: query.bool("details"),
    ...(since && { since }),
    ...(until && until !== "0" && { until }),
    ...(tail && { tail }),
  });
  return stream(outputType(request, tty), orComplaint(tty, wireBatches(tty, batches)));
};

/** What cannot be read is told among the lines, as Docker does: the answer has begun. */
async function* orComplaint(tty: boolean, lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* lines;
  } catch (error) {
    const text = `Error grabbing logs: ${errorMessage(error)}\n`;
    yield tty ? Buffer.from(text) : encodeComplaint(text);
  }
}

function timestamp({ query }: ApiRequest, key: string): string {
  try {
    parseUnixTimestamp(query.get(key));
  } catch (error) {
    throw invalid(`invalid value for ${JSON.stringify(key)}: ${errorMessage(error)}`);
  }
  return query.get(key);
}

const stats: Handler = async (deps, request) => {
  const { query, version, signal } = request;
  const streamed = query.bool("stream", true);
  const oneShot = version >= api("1.41") && query.bool("one-shot");
  const samples = await containerStats(deps.containers, id(request), { stream: streamed, oneShot, signal });
  return stream("application/json", statsLines(samples, version));
};

async function* statsLines(
  samples: AsyncIterable<ContainerStatsResponse>,
  version: ApiVersion,
): AsyncGenerator<string> {
  for await (const sample of samples) yield encodeJsonLine(downgrade("ContainerStats", version, sample));
}

/** The head goes out when the wait is armed: a client may start the container then and miss nothing. */
const wait: Handler = async (deps, request) => {
  const { query, version, signal } = request;
  const condition = (version >= api("1.30") && query.get("condition")) || "not-running";
  if (condition !== "not-running" && condition !== "next-exit" && condition !== "removed")
    throw invalid(`invalid condition: ${JSON.stringify(condition)}`);
  const { result } = await waitContainer(deps.containers, id(request), condition, signal);
  return version < api("1.30") ? json(200, await result) : stream("application/json", waitLine(result, version));
};

async function* waitLine(result: Promise<ContainerWaitResponse>, version: ApiVersion): AsyncGenerator<string> {
  yield encodeJsonLine(downgrade("ContainerWait", version, await result));
}

function attachOptions({ query }: ApiRequest): AttachOptions {
  const detachKeys = query.get("detachKeys");
  return {
    stdin: query.bool("stdin"),
    stdout: query.bool("stdout"),
    stderr: query.bool("stderr"),
    logs: query.bool("logs"),
    stream: query.bool("stream"),
    ...(detachKeys && { detachKeys }),
  };
}

const attach: Handler = async (deps, request) => {
  // Some clients send their options as a body too; it is no part of the stream that follows.
  if (request.body.length !== null) await request.body.drain(attachBodyLimit);
  try {
    return hijack(request, await attachContainer(deps.containers, id(request), attachOptions(request)));
  } catch (error) {
    // Docker has taken the connection over by the time it looks for the container, so it answers in plain text.
    return {
      status: errorStatus(error),
      headers: { "Content-Type": rawStreamType },
      close: true,
      body: `${errorMessage(error)}\r\n`,
    };
  }
};

/** Output is bare in both directions: a websocket's messages have no streams in them. */
const attachWebSocket: Handler = async (deps, request) => {
  const options = attachOptions(request);
  const all = request.version < api("1.42") ? { stdin: true, stdout: true, stderr: true } : {};
  findContainer(deps.containers, id(request));
  checkHandshake(request);
  const attachment = await attachContainer(deps.containers, id(request), { ...options, ...all });
  return acceptWebSocket(request, request.version < api("1.28") ? "text" : "binary", (raw) =>
    connectStreams(raw, attachment, wireOutput({ tty: true, frames: attachment.frames })),
  );
};

const exportTar: Handler = async (deps, request) =>
  stream("application/octet-stream", await exportContainer(deps.containers, id(request)));

const headArchive: Handler = async (deps, request) => ({
  status: 200,
  headers: pathStatHeader(await statArchive(deps.containers, id(request), archivePath(request))),
});

const getTar: Handler = async (deps, request) => {
  const { stat, tar } = await getArchive(deps.containers, id(request), archivePath(request));
  return stream("application/x-tar", tar, pathStatHeader(stat));
};

const putTar: Handler = async (deps, request) => {
  const { query, body, signal } = request;
  await putArchive(
    deps.containers,
    id(request),
    {
      path: archivePath(request),
      noOverwriteDirNonDir: query.bool("noOverwriteDirNonDir"),
      copyUIDGID: query.bool("copyUIDGID"),
      signal: leftAfter(body, signal),
    },
    body,
  );
  return empty(200);
};

const commit: Handler = async (deps, request) => {
  const { query } = request;
  const config = await readJson(request, containerConfig, "Config");
  const text = (key: "repo" | "tag" | "comment" | "author") => (query.get(key) ? { [key]: query.get(key) } : {});
  return json(
    201,
    await commitContainer(deps.containers, {
      container: query.get("container"),
      pause: query.bool("pause", true),
      changes: query.all("changes"),
      config,
      signal: request.signal,
      ...text("repo"),
      ...text("tag"),
      ...text("comment"),
      ...text("author"),
    }),
  );
};

/** The operations on containers whose bodies are streams: logs, statistics, attach, archives; and commit. */
export const containerStreamRoutes: readonly Route[] = [
  { id: "ContainerLogs", method: "GET", path: "/containers/{id:*}/logs", handle: logs },
  { id: "ContainerStats", method: "GET", path: "/containers/{id:*}/stats", handle: stats },
  { id: "ContainerWait", method: "POST", path: "/containers/{id:*}/wait", handle: wait },
  { id: "ContainerAttach", method: "POST", path: "/containers/{id:*}/attach", handle: attach },
  { id: "ContainerAttachWebsocket", method: "GET", path: "/containers/{id:*}/attach/ws", handle: attachWebSocket },
  { id: "ContainerExport", method: "GET", path: "/containers/{id:*}/export", handle: exportTar },
  { id: "ContainerArchiveInfo", method: "HEAD", path: "/containers/{id:*}/archive", handle: headArchive },
  { id: "ContainerArchive", method: "GET", path: "/containers/{id:*}/archive", handle: getTar },
  { id: "PutContainerArchive", method: "PUT", path: "/containers/{id:*}/archive", handle: putTar },
  { id: "ImageCommit", method: "POST", path: "/commit", handle: commit },
];
