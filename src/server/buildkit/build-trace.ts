import type { StatusResponse, Vertex } from "../../api/buildkit/control.ts";
import type { BuildHistoryRecord } from "../../api/buildkit/history.ts";
import type { Timestamp } from "../../api/buildkit/timestamp.ts";
import type { ClientTraces } from "./client-traces.ts";
import { type SpanFacts, spanRecord, textAttribute } from "./span.ts";

/** The media type of a trace in BuildKit's form. */
export const traceType = "application/vnd.buildkit.otlp.json.v0";

/**
 * The trace of a build that has ended: a span for the build, one for each of its vertices, and what its client told of
 * itself. One JSON object after the other.
 */
export async function buildTrace(
  record: BuildHistoryRecord,
  statuses: AsyncIterable<StatusResponse>,
  traces: ClientTraces,
): Promise<Uint8Array> {
  const place = traces.place(record.ref);
  const traceId = place?.traceId ?? randomHex(16);
  const build = randomHex(8);
  const common = {
    traceId,
    resource: [textAttribute("service.name", "dockerd")],
    library: "berth",
  } satisfies Partial<SpanFacts>;
  const spans = [
    spanRecord({
      ...common,
      name: "moby.buildkit.v1.Control/Solve",
      spanId: build,
      parent: place && { spanId: place.spanId, remote: true },
      kind: 2,
      start: nanoseconds(record.createdAt),
      end: nanoseconds(record.completedAt),
      attributes: [textAttribute("rpc.system", "grpc"), textAttribute("rpc.method", "Solve")],
      error: record.error?.message,
    }),
  ];
  for (const vertex of (await vertices(statuses)).values()) {
    if (!vertex.started || !vertex.completed) continue;
    spans.push(
      spanRecord({
        ...common,
        name: vertex.cached ? `load cache: ${vertex.name}` : vertex.name,
        spanId: randomHex(8),
        parent: { spanId: build, remote: false },
        kind: 1,
        start: nanoseconds(vertex.started),
        end: nanoseconds(vertex.completed),
        attributes: [textAttribute("vertex", vertex.digest)],
        error: vertex.error === "" ? undefined : vertex.error,
      }),
    );
  }
  const all = [...spans.map((span) => JSON.stringify(span)), ...(place ? traces.spans(traceId) : [])];
  return Buffer.from(all.map((span) => `${span}\n`).join(""));
}

/** Each as it was told last. */
async function vertices(statuses: AsyncIterable<StatusResponse>): Promise<Map<string, Vertex>> {
  const last = new Map<string, Vertex>();
  for await (const { vertexes } of statuses) for (const vertex of vertexes) last.set(vertex.digest, vertex);
  return last;
}

const nanoseconds = (at: Timestamp | undefined) => BigInt(at?.seconds ?? 0) * 1_000_000_000n + BigInt(at?.nanos ?? 0);
const randomHex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
