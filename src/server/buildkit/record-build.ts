import { StatusResponse } from "../../api/buildkit/control.ts";
import type { BuildHistoryRecord, BuildResultInfo, Descriptor } from "../../api/buildkit/history.ts";
import { provenanceTypes } from "../../builder/attest/provenance.ts";
import { type BuildHistory, type HistoryFile, historyFile } from "../../builder/history/history.ts";
import { errorMessage } from "../../lib/errors.ts";
import { Code, GrpcError, RpcStatus } from "../../lib/grpc/status.ts";
import type { Logger } from "../../lib/log.ts";
import { encode, type Input } from "../../lib/protobuf.ts";
import type { BlobStore } from "../../oci/blobs.ts";
import type { ExporterResponse, Job } from "./jobs.ts";
import { timestampOf } from "./moment.ts";
import type { Progress } from "./progress.ts";
import { statusOf } from "./status.ts";

type Record = Input<typeof BuildHistoryRecord> & { ref: string };

/** What a build came to in the end. */
export type Outcome = { response: ExporterResponse } | { error: GrpcError };

/** Where builds are recorded, and what they made is. */
interface RecordDeps {
  buildkit: { history: BuildHistory };
  images: { blobs: Pick<BlobStore, "has" | "read"> };
  log: Pick<Logger, "warn">;
}

/** Tells of a build that begins, unless only its client's own business goes on in it. */
export function recordBegin({ buildkit }: Pick<RecordDeps, "buildkit">, job: Job): void {
  if (!job.request.internal) buildkit.history.begin(begun(job));
}

/** Keeps what became of a build. What goes wrong in that is no fault of the build. */
export async function recordEnd({ buildkit, images, log }: RecordDeps, job: Job, outcome: Outcome): Promise<void> {
  if (job.request.internal) return;
  try {
    const files: HistoryFile[] = [];
    const keep = (mediaType: string, content: Uint8Array, annotations: [string, string][] = []) => {
      const file = historyFile(content);
      files.push(file);
      return { mediaType, digest: file.digest, size: content.length, annotations: new Map(annotations) };
    };
    const { logs, counts } = await toldBy(job.progress);
    const record: Record = {
      ...begun(job),
      ...momentField("completedAt", new Date()),
      ...counts,
      logs: keep("application/vnd.buildkit.status.v0", logs),
      ...("error" in outcome
        ? failed(job.signal.aborted ? calledOff : outcome.error, keep)
        : await made(images, job, outcome.response, keep)),
    };
    await buildkit.history.end(record, job.startedAt, files);
  } catch (error) {
    log.warn("what became of a build could not be kept", { ref: job.request.ref, error: errorMessage(error) });
  }
}

/** Whatever its client was told of why it was called off. */
const calledOff = new GrpcError(Code.cancelled, "context canceled");

type Keep = (mediaType: string, content: Uint8Array, annotations?: [string, string][]) => Input<typeof Descriptor>;

function begun({ request, startedAt }: Job): Record {
  const { ref, frontend, frontendAttrs } = request;
  // What clients call after dockerd is kept as what it is.
  const exporters = request.exporters.map((each) => (each.type === "moby" ? { ...each, type: "image" } : each));
  return { ref, frontend, frontendAttrs, exporters, ...momentField("createdAt", startedAt) };
}

function momentField<Name extends string>(name: Name, date: Date) {
  return { [name]: timestampOf(date.getTime()) };
}

/**
 * What a build told, each message after its length, and how much that was: all but how far parts of steps had come
 * before they came further, and of output as much as was kept.
 */
async function toldBy(progress: Progress): Promise<{ logs: Uint8Array; counts: Partial<Record> }> {
  const messages: Uint8Array[] = [];
  const vertices = new Map<string, { cached: boolean; completed: boolean }>();
  /** By what goes on: where its last message is. */
  const statuses = new Map<string, number>();
  let warnings = 0;
  for await (const event of progress.read({ owns: false })) {
    if (event.kind === "vertex") {
      const { digest = "", cached = false, completed } = event.vertex;
      vertices.set(digest, { cached, completed: completed !== undefined });
    } else if (event.kind === "warning") warnings++;
    else if (event.kind === "status") {
      const id = JSON.stringify([event.status.vertex, event.status.id]);
      const before = statuses.get(id);
      if (before !== undefined) messages[before] = nothing;
      statuses.set(id, messages.length);
    }
    messages.push(encode(StatusResponse, statusOf(event)));
  }
  const parts = messages.filter((message) => message !== nothing).flatMap((message) => [lengthOf(message), message]);
  const all = [...vertices.values()];
  return {
    logs: Buffer.concat(parts),
    counts: {
      numTotalSteps: all.length,
      numCompletedSteps: all.filter(({ completed }) => completed).length,
      numCachedSteps: all.filter(({ cached }) => cached).length,
      numWarnings: warnings,
    },
  };
}

const nothing = new Uint8Array();

function lengthOf(message: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(message.length);
  return length;
}

function failed({ code, message, details }: GrpcError, keep: Keep): Partial<Record> {
  return {
    error: { code, message },
    externalError: keep(
      "application/vnd.googleapis.google.rpc.status+proto",
      encode(RpcStatus, { code, message, details }),
    ),
  };
}

/** What the exporters gave, and for each platform how that came to be. */
async function made(
  images: RecordDeps["images"],
  { provenances }: Job,
  response: ExporterResponse,
  keep: Keep,
): Promise<Partial<Record>> {
  const image = await imageOf(images, response, keep);
  const infos = provenances.map(({ platform, predicate }) => ({
    platform,
    info: {
      attestations: [
        keep("application/vnd.in-toto+json", Buffer.from(JSON.stringify(predicate)), [
          ["in-toto.io/predicate-type", provenanceTypes["v0.2"]],
        ]),
      ],
    },
  }));
  const results: Input<typeof BuildResultInfo>["results"] = image ? [{ number: 0, descriptor: image }] : [];
  return {
    exporterResponse: response,
    result: { ...(infos.length === 1 && infos[0]?.info), results },
    ...(infos.length > 1 && { results: new Map(infos.map(({ platform, info }) => [platform, info])) }),
  };
}

/** The image that was made, of which the topmost blob is kept; undefined: none, or the engine has none of it. */
async function imageOf(
  { blobs }: RecordDeps["images"],
  response: ExporterResponse,
  keep: Keep,
): Promise<Input<typeof Descriptor> | undefined> {
  const { mediaType, digest } = describedBy(response);
  return digest === undefined || !blobs.has(digest) ? undefined : keep(mediaType, await blobs.read(digest));
}

function describedBy(response: ExporterResponse): { mediaType: string; digest: string | undefined } {
  const descriptor = response.get("containerimage.descriptor");
  if (descriptor !== undefined) {
    const { mediaType = "", digest } = JSON.parse(Buffer.from(descriptor, "base64").toString());
    return { mediaType, digest };
  }
  const digest = response.get("containerimage.config.digest");
  return { mediaType: "application/vnd.docker.container.image.v1+json", digest };
}
