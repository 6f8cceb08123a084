import { ExportTraceRequest, ExportTraceResponse, tracePaths } from "../../api/buildkit/trace.ts";
import { type Method, unary } from "../../lib/grpc/method.ts";
import { clientSpan, hex, type SpanRecord } from "./span.ts";

/** Where a build stands in its client's trace. */
export interface TracePlace {
  traceId: string;
  /** The client's span that waits for the build. */
  spanId: string;
}

/** Traces that are known at once, and what of them is kept, in bytes as text. */
const mostTraces = 100;
const mostBytes = 16 * 1024 * 1024;

/**
 * What clients tell of their own part in builds: spans, which come when a client is done. Kept for as long as the build
 * may still be asked for its trace, in memory.
 */
export class ClientTraces {
  readonly #places = new Map<string, TracePlace>();
  readonly #spans = new Map<string, string[]>();
  #bytes = 0;

  /** Notes that a build is a part of its client's trace, as the header `traceparent` says. */
  begin(ref: string, traceparent: string | undefined): void {
    const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? "") ?? [];
    if (traceId === undefined || spanId === undefined) return;
    this.#places.set(ref, { traceId, spanId });
    if (!this.#spans.has(traceId)) this.#spans.set(traceId, []);
    while (this.#places.size > mostTraces || this.#spans.size > mostTraces) this.#dropOldest();
  }

  /** Where a build stands; undefined: its client said nothing of it, or it is long ago. */
  place(ref: string): TracePlace | undefined {
    return this.#places.get(ref);
  }

  /** The spans of a trace, each as JSON. */
  spans(traceId: string): readonly string[] {
    return this.#spans.get(traceId) ?? [];
  }

  /** Takes in a span of a build that is known. */
  add(span: SpanRecord): void {
    const spans = this.#spans.get(span.SpanContext.TraceID);
    if (!spans) return;
    const text = JSON.stringify(span);
    spans.push(text);
    this.#bytes += text.length;
    while (this.#bytes > mostBytes && this.#spans.size > 0) this.#dropOldest();
  }

  #dropOldest(): void {
    const [traceId] = this.#spans.keys();
    if (traceId === undefined) return this.#places.clear();
    for (const text of this.spans(traceId)) this.#bytes -= text.length;
    this.#spans.delete(traceId);
    for (const [ref, place] of this.#places) if (place.traceId === traceId) this.#places.delete(ref);
  }
}

/** The service that clients send spans to. */
export function traceMethods({ buildkit }: { buildkit: { traces: ClientTraces } }): Method[] {
  return [
    unary(tracePaths.export, ExportTraceRequest, ExportTraceResponse, ({ resources }) => {
      for (const { resource, scopes } of resources)
        for (const { scope, spans } of scopes)
          for (const span of spans) {
            if (hex(span.traceId).length !== 32 || hex(span.spanId).length !== 16) continue;
            buildkit.traces.add(clientSpan(span, resource?.attributes ?? [], scope?.name ?? ""));
          }
      return {};
    }),
  ];
}
