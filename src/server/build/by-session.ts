import { StatusResponse } from "../../api/buildkit/control.ts";
import type { ProgressEvent } from "../../api/progress.ts";
import { invalid } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { encode } from "../../lib/protobuf.ts";
import type { GivenClient, Job } from "../buildkit/jobs.ts";
import { begin, run } from "../buildkit/solve.ts";
import { statusOf } from "../buildkit/status.ts";
import type { ServerDeps } from "../deps.ts";
import { progress } from "../http/progress.ts";
import { empty, type Reply } from "../http/reply.ts";
import type { ApiRequest } from "../http/router.ts";
import { RequestSession } from "./session.ts";
import { readSolveRequest, uploadRequest } from "./solve-request.ts";

/** Begins the name by which the second request of a build says whose context it brings. */
const uploadPrefix = "upload-request:";

/**
 * `POST /build?version=2`: the client is asked for files and secrets over its session (`POST /session`) and told of the
 * build as over gRPC. The context may also be this request's body, or that of another.
 */
export async function buildBySession(deps: ServerDeps, request: ApiRequest): Promise<Reply> {
  const { query, body, signal } = request;
  const id = query.get("buildid");
  const { uploads } = deps.buildkit;
  if (id.startsWith(uploadPrefix)) {
    await uploads.offer(id.slice(uploadPrefix.length), body, signal);
    return empty(200);
  }
  const undo = new DisposableStack();
  try {
    const asked = readSolveRequest(request, id || newId());
    const remote = query.get("remote");
    if (remote === uploadRequest && id === "") throw invalid("an upload needs the build's id");
    const given: GivenClient = {
      ...(remote === uploadRequest && { context: undo.use(await uploads.take(id, signal)).body }),
      ...(remote === "" && { context: body }),
      ...(asked.session === "" && { session: new RequestSession(request) }),
    };
    return await progress(tell(deps, begin(deps, asked, given), signal, query.bool("q"), undo));
  } catch (error) {
    undo.dispose();
    throw error;
  }
}

/** A build while it runs, and what came of it. */
async function* tell(
  deps: ServerDeps,
  job: Job,
  signal: AbortSignal,
  quiet: boolean,
  undo: DisposableStack,
): AsyncGenerator<ProgressEvent> {
  using _undo = undo;
  const reader = job.progress.read({ owns: true });
  const ended = run(deps, job, signal);
  ended.catch(() => {});
  try {
    for await (const event of reader) {
      const aux = Buffer.from(encode(StatusResponse, statusOf(event))).toString("base64");
      yield { id: "moby.buildkit.trace", aux };
    }
    const id = (await ended).get("containerimage.digest");
    if (id === undefined) return;
    yield { id: "moby.image.id", aux: { ID: id } };
    if (quiet) yield { stream: `${id}\n` };
  } finally {
    job.cancel();
    await ended.catch(() => {});
  }
}
